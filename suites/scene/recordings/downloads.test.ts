import { expect } from 'chai'
import { describeProblem } from '../../../lib/observation/describe-problem.ts'
import type { AttemptSeen, HttpSeen } from '../../../lib/observation/probe-seen.ts'
import { type Downloaded, transferProblems } from './downloads.ts'

describe('transfer', () => {
  const whole: HttpSeen = { status: 200, bodyBytes: 1000 }

  function fetched(
    outcome: AttemptSeen['outcome'],
    http: readonly (HttpSeen | null)[],
    more: Partial<Downloaded> = {},
  ): Downloaded {
    const attempts = http.map((): AttemptSeen => ({ outcome, startedMs: 0, elapsedMs: 20_000 }))
    return {
      ...{ by: 'task', to: 'web@worker2', toNode: 'worker2', network: 'clear' },
      probe: {
        ...{ kind: 'tcp', from: 'rr@worker1', fromNode: 'worker1', to: '10.91.1.4', port: 80 },
        ...{ outcome, elapsedMs: 20_000, attempts, http, replies: [] },
        replyBytes: http.map((reply) => (reply === null ? 0 : reply.bodyBytes + 40)),
      },
      ...more,
    }
  }
  const wordsOf = (download: Downloaded): string[] => transferProblems(download, 1000).map(describeProblem)

  it('is whole when each repeat brought as many bytes as the file has', () => {
    expect(wordsOf(fetched('answered', [whole, whole, whole]))).to.deep.equal([])
  })

  it('is cut off when fewer came, also if the peer closed in order', () => {
    const where = 'rr@worker1 → web@worker2, clear, 10.91.1.4 port 80 TCP'
    expect(wordsOf(fetched('answered', [{ status: 200, bodyBytes: 999 }]))).to.deep.equal([
      `${where}: a transfer of 1000 bytes was not whole: 999 bytes, answered`,
    ])
    expect(wordsOf(fetched('timeout', [{ status: 200, bodyBytes: 400 }]))).to.deep.equal([
      `${where}: a transfer of 1000 bytes was not whole: 400 bytes, no answer within 20.0 s`,
    ])
  })

  it('has failed without an answer, without even an attempt, or with another status', () => {
    expect(transferProblems(fetched('timeout', [null]), 1000)[0]?.code).to.equal('transfer-unanswered')
    expect(transferProblems(fetched('error', []), 1000)[0]?.code).to.equal('transfer-unanswered')
    const [problem] = transferProblems(fetched('answered', [{ status: 404, bodyBytes: 10 }]), 1000)
    expect(problem).to.include({ code: 'transfer-refused', observed: 404 })
  })

  it('by a virtual IP is told of the node that asked, for nobody knows who answered', () => {
    const { network, probe } = fetched('timeout', [whole, null, null])
    const problems = transferProblems({ by: 'vip', to: 'web', service: 'web', network, probe }, 1000)
    expect(problems).to.have.lengthOf(1)
    expect(problems[0]).to.include({ node: 'worker1', service: 'web' })
    expect(problems[0]).to.not.have.property('path')
  })
})
