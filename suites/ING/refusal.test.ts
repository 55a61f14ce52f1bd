import { expect } from 'chai'
import { isUndecided, type Refusal, refusalProblems, undecidedUnseen } from './refusal.ts'

const refusal = (words: string, accepted = false): Refusal => ({
  ...{ command: 'service create --publish published=8080', accepted, words },
})
const taken =
  "Error response from daemon: rpc error: code = InvalidArgument desc = port '8080' is already in use by service 'swp-web' (ya3u) as an ingress port"
const refusing = {
  ...{ node: 'manager', code: 'taken-port-accepted' as const, names: /\b8080\b/, expected: '8080' },
}

describe('a refusal', () => {
  it('is as required where it names what it is for', () => {
    expect(refusalProblems(refusal(taken), refusing)).to.deep.equal([])
  })

  it('is missing where the command was accepted', () => {
    expect(refusalProblems(refusal('ya3u', true), refusing)).to.deep.equal([
      {
        ...{ code: 'taken-port-accepted', kind: 'seen', node: 'manager' },
        subject: 'service create --publish published=8080',
      },
    ])
  })

  it('is unclear where it does not', () => {
    const [problem] = refusalProblems(refusal('Error response from daemon: invalid argument'), refusing)
    expect(problem).to.deep.include({ code: 'refusal-unclear', kind: 'missed', expected: '8080' })
  })

  it('is none where nobody decided', () => {
    for (const words of [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader.',
      'Error response from daemon: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    ]) {
      expect(isUndecided(refusal(words))).to.equal(true)
      expect(refusalProblems(refusal(words), refusing)).to.deep.equal([])
      expect(undecidedUnseen([refusal(words)], 'manager')).to.have.lengthOf(1)
    }
    expect(undecidedUnseen([refusal(taken), refusal('', true)], 'manager')).to.deep.equal([])
  })
})
