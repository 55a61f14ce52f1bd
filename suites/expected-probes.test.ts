import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { multipliedFacts } from '../bench/multiplied-facts.ts'
import { simulatedLab } from '../bench/simulated-lab.ts'
import type { Scene } from '../lib/conformance/context.ts'
import { plannedLab } from '../lib/conformance/planned-lab.ts'
import { type CountProbes, probesOf, type SendingLab } from '../lib/conformance/sending.ts'
import type { ClusterFacts } from '../lib/observation/facts.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import type { Topology } from '../lib/topology/topology.ts'
import { suites } from './index.ts'
import { control } from './scene/recordings/control.ts'
import { discovery } from './scene/recordings/discovery.ts'
import { exchange } from './scene/recordings/exchange.ts'
import { isolation } from './scene/recordings/isolation.ts'
import { mesh } from './scene/recordings/mesh.ts'
import { publishing } from './scene/recordings/publishing.ts'
import { storedFiles, storedFolder, storedRuns } from './stored/stored-run.ts'

const tests = suites.flatMap((suite) => suite.tests)
const rules = new Map(
  tests.flatMap(({ sends = [] }) => sends.map(({ key, probes }) => [key, probes] as const)),
)
const ruleOf = (key: string): CountProbes => rules.get(key) ?? (() => 0)
const on = (facts: ClusterFacts): SendingLab => ({ facts, encrypts: true, balances: true, random: false })

const kinds = ['icmp', 'udp', 'tcp']

/** Probes that a stored observation holds, each repeat counted. */
function seenIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + seenIn(one), 0)
  const one = value as Record<string, unknown>
  if (kinds.includes(String(one.kind)) && 'outcome' in one && 'elapsedMs' in one && 'to' in one)
    return Array.isArray(one.attempts) ? Math.max(1, one.attempts.length) : 1
  return seenIn(Object.values(one))
}

const files = storedFiles('standard-conformant')
const facts = JSON.parse(files['observations/facts#0.json'] ?? '') as ClusterFacts

/** Whose observations hold only some of what was sent: of looks those that differ, of rounds their outcomes. */
const partly = ['changing-service', 'reshaped-service']
/** Sent until something showed: of how busy the hosts were. */
const untilShown = ['OVL-18', 'DSC-07']

describe('the number of probes that is expected', () => {
  it('is what runs of three nodes sent, scene by scene', () => {
    const newer = JSON.parse(readFileSync(join(storedFolder, 'seen-on-three-nodes.json'), 'utf8')) as {
      seen: Record<string, number>
    }
    const older = Object.entries(files).map(
      ([file, text]) => [/([\w-]+)#0\.json$/.exec(file)?.[1] ?? '', seenIn(JSON.parse(text))] as const,
    )
    const seen = [...older, ...Object.entries(newer.seen)].filter(([, count]) => count > 0)
    expect(seen.length).to.be.above(35)
    for (const [key, count] of seen) {
      if (partly.includes(key)) continue
      const apart = untilShown.includes(key) ? count / 2 : Math.max(3, 0.1 * count)
      expect(ruleOf(key)(on(facts)), key).to.be.closeTo(count, apart)
    }
  })

  it('is stated of all that was ever seen to send any', () => {
    for (const name of storedRuns()) {
      for (const [file, text] of Object.entries(storedFiles(name))) {
        const key = /([\w-]+)#\d+\.json$/.exec(file)?.[1] ?? ''
        if (seenIn(JSON.parse(text)) > 0) expect(rules.has(key), `${name} ${key}`).to.equal(true)
      }
    }
  })

  it('grows with nodes exactly as the scenes that try their pairs do', async () => {
    const scenes: readonly Scene<unknown>[] = [exchange, control, mesh, publishing, discovery, isolation]
    for (const nodes of [2, 3, 5, 12, 30]) {
      const many = multipliedFacts(facts, nodes, 4242)
      for (const scene of scenes) {
        const { lab, sent } = simulatedLab(many)
        await scene.record(lab)
        expect(scene.probes?.(on(many)), `${scene.key} of ${nodes} nodes`).to.equal(sent())
      }
    }
  }).timeout(60_000)

  const lab = (nodes: number): Topology => {
    const topology = findTopology('three-node')
    const [first] = topology.nodes
    if (first === undefined) throw new Error('no node')
    const members = Array.from({ length: nodes }, (_, index) => ({
      ...{ ...first, name: `n${index}`, role: index === 0 ? ('manager' as const) : ('worker' as const) },
    }))
    return { ...topology, nodes: members }
  }
  const standard = tests.filter(({ safety, slow }) => safety === 'production' && !slow)

  it('is the same before a lab is there as once it is', () => {
    const before = probesOf(standard, plannedLab(findTopology('three-node'), 'all'))
    expect(before).to.be.closeTo(probesOf(standard, on(facts)), 10)
  })

  it('is a number for 1 to 200 nodes, and of a sample less than of all pairs', () => {
    const counts = [1, 2, 3, 10, 20, 50, 200].map((nodes) => probesOf(standard, plannedLab(lab(nodes), 7)))
    expect(counts).to.deep.equal(counts.toSorted((a, b) => a - b))
    expect(counts.every((count) => Number.isInteger(count) && count > 0)).to.equal(true)
    expect(probesOf(standard, plannedLab(lab(50), 'all'))).to.be.above(
      probesOf(standard, plannedLab(lab(50), 7)),
    )
  })

  it('is smaller where kernels carry less, and counts each scene once', () => {
    const whole = probesOf(standard, on(facts))
    expect(probesOf(standard, { ...on(facts), encrypts: false })).to.be.below(whole)
    const sharing = tests.filter(({ reads }) => reads.includes('exchange')).slice(0, 3)
    expect(probesOf(sharing, on(facts))).to.equal(ruleOf('exchange')(on(facts)))
  })
})
