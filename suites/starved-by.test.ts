import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { starvedBetween, type TimedLook } from '../lib/conformance/starved.ts'
import type { HostState } from '../lib/observe/host-state.ts'
import { grantedBetween } from '../lib/observe/load-look.ts'
import { unpacked } from './stored/unpacked.fake.ts'

/** Runs on emulated hosts of one processor that kept how busy each host was at their beginning and at their end. */
const runs = [
  'balancer-forwarding-off',
  'conntrack-full-and-forwarding-off',
  'inner-checksums',
  'ipsec-policy-blocks',
  'packets-lost',
  'reverse-path-filter',
  'rules-flushed',
  'traffic-control-drops',
]

type Taken = TimedLook & { readonly node: string }

function readings(run: string, which: 'kernel' | 'kernel-after'): Taken[] {
  const text = readFileSync(join(unpacked(run), 'observations', `${which}#0.json`), 'utf8')
  const { seen } = JSON.parse(text) as { readonly seen: Readonly<Record<string, HostState>> }
  return Object.entries(seen).flatMap(([node, { load, uptimeSeconds, bootId = '' }]) =>
    load === undefined || uptimeSeconds === undefined
      ? []
      : [{ node, load, uptimeSeconds, bootId, answeredMs: 200 }],
  )
}

const pairs = runs.flatMap((run) => {
  const after = readings(run, 'kernel-after')
  return readings(run, 'kernel').map((before) => {
    const now = after.find(({ node }) => node === before.node)
    if (now === undefined) throw new Error(`${run}: ${before.node} was not read again`)
    return { run, before, now }
  })
})

describe('starved hosts', () => {
  it('are none of those of runs whose verdicts were right, as loaded as emulated machines are', () => {
    expect(pairs).to.have.lengthOf(24)
    expect(Math.max(...pairs.map(({ now }) => now.load.average))).to.be.above(5)
    for (const { run, before, now } of pairs) {
      expect(starvedBetween(before.node, before, now, 200), `${run}: ${before.node}`).to.equal(undefined)
      // Looks at kernels keep emulated machines busy for seconds; nothing was denied them for that.
      const late = { ...now, answeredMs: 5000 }
      expect(starvedBetween(before.node, before, late, 200), `${run}: ${before.node}`).to.equal(undefined)
    }
  })

  it('are such hosts where more than half of what they asked for had been denied', () => {
    const [worst] = pairs
      .map(({ before, now }) => ({ before, now, granted: grantedBetween(before, now) }))
      .sort((a, b) => (b.granted?.denied ?? 0) - (a.granted?.denied ?? 0))
    if (worst?.granted === undefined) throw new Error('nothing was recorded')
    const { before, now, granted } = worst
    const asked = granted.busy + granted.denied
    expect(granted.denied / asked).to.be.within(0.2, 0.3)
    // What was busy then was not run either.
    const lost = Math.round((asked * 0.55 - granted.denied) * granted.seconds * 100)
    const load = { ...now.load, totalTicks: now.load.totalTicks - lost }
    expect(starvedBetween('worker1', before, { ...now, load }, 200)).to.deep.include({
      ...{ by: 'denied', deniedShare: 0.55, processors: 1 },
    })
  })

  it('answer late and were denied two fifths, or say so where there is nothing to compare', () => {
    for (const { before, now } of pairs) {
      const granted = grantedBetween(before, now)
      if (granted === undefined) throw new Error('not of one boot')
      const asked = granted.busy + granted.denied
      const lost = Math.round((asked * 0.45 - granted.denied) * granted.seconds * 100)
      const short = { ...now, load: { ...now.load, totalTicks: now.load.totalTicks - lost } }
      expect(starvedBetween('a', before, { ...short, answeredMs: 1300 }, 200)?.by).to.equal('late')
      expect(starvedBetween('a', before, { ...short, answeredMs: 900 }, 200)).to.equal(undefined)
      const waits = (now.load.waitingPercent ?? 0) >= 50
      const alone = starvedBetween('a', undefined, { ...now, answeredMs: 1300 }, 200)
      expect(alone?.by).to.equal(waits ? 'late' : undefined)
    }
  })
})
