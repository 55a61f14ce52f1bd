import { expect } from 'chai'
import { knownIssuesOf } from '../lib/conformance/known-issues.ts'
import { suites } from './index.ts'

const tests = suites.flatMap((suite) => suite.tests)

/** Requirements whose failure an issue explains, of a swarm of these engines. */
function explainedBy(issue: string, engines: readonly string[], separate = false): string[] {
  const features = new Set(separate ? (['separate-data-path'] as const) : [])
  return tests
    .filter(({ knownIssues = [] }) =>
      knownIssuesOf(knownIssues, engines, features).some((one) => one.issue === `moby/moby#${issue}`),
    )
    .map(({ id }) => id)
}

/** Each issue, what fails of it, versions that have it, and versions that do not. */
const expected: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
  [
    '53141',
    ['DSC-01', 'DSC-02', 'RES-02'],
    ['29.0.0', '29.1.4', '29.7.2', '29.7.9-dev'],
    ['28.5.2', '29.8.0', '29.8.1', '30.0.0'],
  ],
  ['53713', ['ING-14'], ['29.8.0'], ['28.5.2', '29.7.2', '29.7.9-dev']],
  [
    '50129',
    ['DSC-01', 'DSC-02', 'LB-02'],
    ['28.2.0', '28.2.2'],
    ['28.1.1', '28.3.0', '28.5.2+dfsg4', '29.0.0'],
  ],
  ['51672', ['OVL-03'], ['29.1.0', '29.1.4'], ['28.5.2', '29.0.4', '29.2.0']],
  ['52661', ['OVL-03', 'VXL-06'], ['29.1.3', '29.5.0', '29.5.2', '29.8.0'], ['28.5.2', '29.0.4']],
]

describe('known issues of engines', () => {
  for (const [issue, ids, with_, without] of expected)
    it(`moby/moby#${issue} is named of engines that have it, where it makes something fail`, () => {
      for (const version of with_) expect(explainedBy(issue, [version]), version).to.have.members(ids)
      for (const version of without) expect(explainedBy(issue, [version]), version).to.deep.equal([])
      // One such node in the swarm will do.
      const [one = ''] = with_
      const [other = ''] = without
      expect(explainedBy(issue, [other, one])).to.have.members(ids)
    })

  it('moby/moby#51798 is named of swarms in which two kinds of engines meet', () => {
    const ids = ['OVL-03', 'MTU-02', 'MTU-03', 'ENC-03']
    for (const version of ['25.0.13', '28.2.2', '29.0.0', '29.2.0']) {
      expect(explainedBy('51798', [version, '28.5.2']), version).to.have.members(ids)
      expect(explainedBy('51798', [version, version]), version).to.deep.equal([])
    }
    for (const version of ['25.0.15', '28.2.1', '28.3.0', '29.2.1', '29.7.2'])
      expect(explainedBy('51798', [version, '28.5.2']), version).to.deep.equal([])
  })

  it('moby/moby#34763 is named of every version where the data path is apart', () => {
    for (const version of ['20.10.24', '26.1.5', '29.7.2']) {
      expect(explainedBy('34763', [version], true), version).to.include.members(['CTL-09', 'ENC-01'])
      expect(explainedBy('34763', [version]), version).to.deep.equal([])
    }
  })

  it('say what happens, with an issue that is one', () => {
    for (const { id, knownIssues = [] } of tests)
      for (const { issue, what } of knownIssues) {
        expect(issue, id).to.match(/^[\w.-]+\/[\w.-]+#\d+$|^CVE-\d{4}-\d+$/)
        expect(what.length, `${id}: ${what}`).to.be.at.least(30)
      }
  })
})
