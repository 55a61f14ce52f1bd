import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { compareCounts, type Counted, countRequirements, decided, type Reason } from './counts.ts'

const stored = new URL('../../suites/stored/standard-conformant.json.gz', import.meta.url)
const { 'run.json': run } = JSON.parse(gunzipSync(readFileSync(stored)).toString()) as Record<string, unknown>
const requirements = countRequirements(typeof run === 'string' ? JSON.parse(run) : run)

const counted: Counted = {
  probes: { planned: 900, again: 40 },
  canaries: { sent: 30, readBack: 30 },
  bounds: { 30000: { pausesMs: [3000], waits: 4, looks: 5 } },
  sshBytes: 1_000_000,
  engine: '26.1.5+dfsg1, runc runc',
  requirements,
}

const failing = (now: Partial<Counted>, reasons: readonly Reason[] = []): string[] =>
  compareCounts('quick', [counted], [{ ...counted, ...now }], reasons)
    .filter(({ fails, decision }) => fails && decision === undefined)
    .map(({ what }) => what)

describe('counts of both commits', () => {
  it('reads outcomes and bounds of a stored run', () => {
    expect(requirements['CTL-03']).to.deep.equal({ outcome: 'pass', bounds: ['30000 ms'] })
    expect(requirements['OVL-08']?.bounds).to.deep.equal(['90 s', '90 s'])
    expect(requirements['CTL-01']?.bounds).to.deep.equal([])
  })

  it('finds nothing where they are the same, or more', () => {
    expect(failing({})).to.deep.equal([])
    expect(failing({ probes: { planned: 1000, again: 0 } })).to.deep.equal([])
  })

  it('finds what is lower', () => {
    expect(failing({ probes: { planned: 899, again: 1000 } })).to.deep.equal(['probes'])
    expect(failing({ canaries: { sent: 30, readBack: 29 } })).to.deep.equal(['canaries read back'])
    const lost = { ...requirements, 'CTL-01': { outcome: 'inconclusive', bounds: [] } }
    expect(failing({ requirements: lost })).to.deep.equal(['requirements that passed'])
  })

  it('finds longer pauses, however many looks were made', () => {
    const slower = { 30000: { pausesMs: [5000], waits: 4, looks: 50 } }
    expect(failing({ bounds: slower })).to.deep.equal(['looks within a bound of 30 s'])
  })

  it('lets several kinds of waits have one bound, of which each may not occur', () => {
    const both = { 30000: { pausesMs: [5000, 3000], waits: 5, looks: 6 } }
    expect(failing({ bounds: both })).to.deep.equal([])
    const row = compareCounts('quick', [counted], [{ ...counted, bounds: both }]).find(({ what }) =>
      what.endsWith('of 30 s'),
    )
    expect(row).to.include({ earlier: '11', now: '11, 7', fails: false })
    const sooner = { 30000: { pausesMs: [500], waits: 4, looks: 5 } }
    expect(failing({ bounds: sooner })).to.deep.equal([])
  })

  it('finds bounds that are others, or are gone', () => {
    const longer = { ...requirements, 'CTL-03': { outcome: 'pass', bounds: ['60000 ms'] } }
    expect(failing({ requirements: longer })).to.deep.equal(['bounds of CTL-03'])
    const gone = { ...requirements, 'OVL-08': { outcome: 'pass', bounds: ['90 s'] } }
    expect(failing({ requirements: gone })).to.deep.equal(['bounds of what was measured', 'bounds of OVL-08'])
  })

  it('does not compare the bounds of what did not pass on both', () => {
    const failed = { ...requirements, 'CTL-03': { outcome: 'fail', bounds: [] } }
    expect(failing({ requirements: failed })).to.deep.equal(['requirements that passed'])
  })

  it('finds another container runtime', () => {
    expect(failing({ engine: '26.1.5+dfsg1, crun /usr/bin/crun' })).to.deep.equal([
      'engine, container runtime',
    ])
  })

  it('lets pass what a decision record gives a reason for, as much of it and in that case, and names it', () => {
    const decision = '0018-waiting-for-silence.md'
    const reason = { of: 'quick', what: 'probes', byAtMost: 3, decision }
    const lower = (planned: number) => ({ ...counted, probes: { planned, again: 0 } })
    expect(failing(lower(897), [reason])).to.deep.equal([])
    expect(failing(lower(896), [reason])).to.deep.equal(['probes'])
    expect(failing(lower(897), [{ ...reason, of: 'standard' }])).to.deep.equal(['probes'])
    const row = compareCounts('quick', [counted], [lower(897)], [reason]).find(
      ({ what }) => what === 'probes',
    )
    expect(row).to.include({ fails: true, decision })
  })

  it('gives reasons by records that are there', () => {
    const missing = decided.filter(
      ({ decision }) => !existsSync(new URL(`../../docs/decisions/${decision}`, import.meta.url)),
    )
    expect(missing).to.deep.equal([])
  })
})
