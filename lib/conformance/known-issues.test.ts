import { expect } from 'chai'
import { describeKnownIssue, knownIssuesOf } from './known-issues.ts'

const issue = { issue: 'moby/moby#1', engines: [{ since: '23.0', until: '23.0.7' }], what: 'it is so' }

describe('known issues', () => {
  const lines = (versions: string[], one: Parameters<typeof knownIssuesOf>[0][number] = issue): string[] =>
    knownIssuesOf([one], versions, new Set()).map(describeKnownIssue)

  it('are named with the engines they hold for', () => {
    expect(lines(['20.10.24', '23.0.6'])).to.deep.equal(['known of engine 23.0.6: it is so (moby/moby#1)'])
  })

  it('are not named of engines before and after', () => {
    expect(lines(['20.10.24', '23.0.7', '26.1.5'])).to.deep.equal([])
  })

  it('that need other engines beside are named of a mixed swarm alone', () => {
    const apart = { ...issue, besideOthers: true as const }
    expect(lines(['23.0.6', '23.0.5'], apart)).to.deep.equal([])
    expect(lines(['23.0.6', '26.1.5'], apart)).to.deep.equal([
      'known of engine 23.0.6: it is so (moby/moby#1)',
    ])
  })

  it('that need another lab are not named', () => {
    const special = { issue: 'moby/moby#2', lab: 'separate-data-path' as const, what: 'it is so' }
    expect(lines(['26.1.5'], special)).to.deep.equal([])
    expect(knownIssuesOf([special], ['26.1.5'], new Set(['separate-data-path']))).to.have.lengthOf(1)
  })
})
