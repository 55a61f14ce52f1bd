import { expect } from 'chai'
import { findingsWhere, findingsWhereSeen } from './stored/findings-where.fake.ts'

/** worker2 joined while 7946 was lost on its way to and from it, by UDP and TCP; 2377 and 4789 were open. */
const run = 'gossip-blocked'

interface Control {
  readonly reached: readonly { readonly what: string; readonly probe: { readonly outcome: string } }[]
}

describe('7946 that is blocked by both protocols', () => {
  it('is the one cause of all that failed, also where CTL-02 was not verified', async () => {
    const found = await findingsWhere(run)
    expect(found.map(({ code, severity, nodes }) => [code, severity, nodes])).to.deep.equal([
      ['gossip-blocked', 'cause', ['worker2']],
    ])
    expect(found[0]?.title).to.equal(
      '7946 (gossip), TCP and UDP, is blocked between hosts: to or from worker2',
    )
    expect(found[0]?.explains).to.deep.equal([
      ...['CTL-03', 'CTL-04', 'CTL-07', 'OVL-03', 'VXL-06', 'ENC-01', 'ENC-07', 'MTU-02', 'DSC-02', 'LB-02'],
      'ING-01',
    ])
  })

  it('is not said where connections to 7946/tcp are made', async () => {
    const found = await findingsWhereSeen(run, (key, seen) => {
      if (key !== 'control') return seen
      const { reached, ...rest } = seen as Control
      const connected = reached.map((one) => ({ ...one, probe: { ...one.probe, outcome: 'connected' } }))
      return { ...rest, reached: connected }
    })
    expect(found.map(({ code }) => code)).to.not.include('gossip-blocked')
    // Entries that nobody was told of are not stale, and no rule was taken away.
    for (const code of ['stale-forwarding', 'mesh-rule-missing'])
      expect(found.map((one) => one.code)).to.not.include(code)
  })
})
