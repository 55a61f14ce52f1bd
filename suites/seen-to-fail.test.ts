import { expect } from 'chai'
import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import { exampleVerdict } from '../lib/conformance/verdict.fake.ts'
import type { Outcome } from '../lib/conformance/verdict.ts'
import { exampleFinding } from '../lib/observation/finding.fake.ts'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { Fault } from '../lib/fault/fault.ts'
import { plantingOf, seeItFail, type FaultOutcome } from './seen-to-fail.ts'

const at = (node: string): Problem => ({ code: 'not-delivered', kind: 'missed', node, protocol: 'UDP' })

const record = (
  id: string,
  outcome: Outcome,
  reason: string,
  problems: readonly Problem[] = [],
): RequirementRecord =>
  ({ id, verdict: exampleVerdict(outcome, reason, { problems }) }) as unknown as RequirementRecord

/** `under` and `after` are the outcomes while the fault is planted and once it is removed. */
async function see(
  under: RequirementRecord,
  after: RequirementRecord,
  found: readonly Finding[] = [],
): Promise<FaultOutcome & { removed: boolean; verified: (readonly string[])[] }> {
  let planted = false
  let removed = false
  const verified: (readonly string[])[] = []
  const fault: Fault = {
    name: 'cable-cut',
    description: 'A cable is cut.',
    breaks: ['OVL-03'],
    unnamed: 'it is made up',
    plant: () => {
      planted = true
      return Promise.resolve({
        host: 'worker2',
        remove: () => {
          planted = false
          removed = true
          return Promise.resolve()
        },
      })
    },
  }
  const seen = await seeItFail(plantingOf(fault), {} as ReadyLab, (ids) => {
    verified.push(ids)
    return Promise.resolve({ requirements: [planted ? under : after], findings: found })
  })
  return { ...seen, removed, verified }
}

describe('seeItFail', () => {
  const fails = record('OVL-03', 'fail', 'no answer from worker2', [at('worker2')])
  const passes = record('OVL-03', 'pass', 'as required')

  it('is content when the requirement falls with the host named and holds again afterwards', async () => {
    const seen = await see(fails, passes)
    expect(seen).to.deep.include({ fell: ['OVL-03'], problems: [], host: 'worker2', removed: true })
    expect(seen.reasons['OVL-03']).to.equal('no answer from worker2')
  })

  it('complains about a requirement that stands under the fault', async () => {
    expect((await see(passes, passes)).problems).to.deep.equal([
      'OVL-03 was pass under the fault: as required',
    ])
  })

  it('complains where no problem is about the host', async () => {
    const vague = record('OVL-03', 'fail', 'no answer')
    expect((await see(vague, passes)).problems).to.deep.equal([
      'OVL-03 failed without naming worker2: no answer',
    ])
  })

  it('complains when it does not hold again', async () => {
    expect((await see(fails, fails)).problems[0]).to.match(/^OVL-03 was fail after the fault was removed/)
  })

  it('tells a requirement that fails anyway from one that does not hold again', async () => {
    const violated: Problem = { code: 'altered-on-the-way', kind: 'seen', protocol: 'UDP' }
    const under = record('OVL-03', 'fail', '2 problems', [violated, at('worker2')])
    const after = record('OVL-03', 'fail', 'altered', [violated])
    expect(await see(under, after)).to.deep.include({ failsAnyway: ['OVL-03'], problems: [] })
    const elsewhere = record('OVL-03', 'fail', '2 problems', [violated, at('worker1')])
    expect((await see(elsewhere, after)).problems).to.have.lengthOf(2)
  })

  it('verifies again what a cause explains that is not the fault’s, and counts none that is there anyway', async () => {
    const cause = exampleFinding({ severity: 'cause', code: 'ttl-of-task', explains: ['VXL-02'] })
    const seen = await see(fails, passes, [cause])
    expect(seen.verified).to.deep.equal([['OVL-03'], ['OVL-03', 'VXL-02']])
    expect(seen.problems).to.deep.equal([])
  })

  it('removes the fault when verifying breaks', async () => {
    let removed = false
    const fault: Fault = {
      name: 'x',
      description: 'x',
      breaks: ['OVL-03'],
      unnamed: 'it is made up',
      plant: () => Promise.resolve({ host: 'a', remove: () => Promise.resolve(void (removed = true)) }),
    }
    const broken = seeItFail(plantingOf(fault), {} as ReadyLab, () =>
      Promise.reject(new Error('the lab is gone')),
    )
    expect(await broken.catch((error: Error) => error.message)).to.equal('the lab is gone')
    expect(removed).to.equal(true)
  })
})

describe('several faults at once', () => {
  it('are told in whole sentences, and break what each of them breaks, once', () => {
    const fault = (name: string, description: string, breaks: string[]): Fault => ({
      ...{ name, description, breaks, unnamed: 'it is made up' },
      plant: () => Promise.reject(new Error('not planted here')),
    })
    const both = plantingOf(
      fault('one', 'A cable is cut', ['OVL-03']),
      fault('two', 'A port is closed.', ['OVL-03', 'CTL-01']),
    )
    expect(both.description).to.equal('A cable is cut. A port is closed.')
    expect([both.name, ...both.breaks]).to.deep.equal(['one+two', 'OVL-03', 'CTL-01'])
  })
})
