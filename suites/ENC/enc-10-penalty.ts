import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { judgement, type Measure } from '../../lib/observation/judgement.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import {
  type Direction,
  directionsOf,
  type Measured,
  measurePenalty,
  penaltyProbes,
} from '../scene/recordings/penalty.ts'
import { docs } from '../source.ts'
import { ratioOf, spreadOf } from './spread.ts'

export const penaltyMeasured = requirement({
  id: 'ENC-10',
  requirement:
    'The performance penalty is measured: throughput and latency, encrypted ÷ clear, reported as figures.',
  source: [docs('Configure encryption of application data')],
  safety: 'production',
  advisory: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  method:
    'Between the same two nodes, one direction after the other, a task downloads a file from a task of the other node over the clear network and over its encrypted twin in turn, and sends echo requests over both in turn. Throughput is bytes by the time of their connections; each figure is a median with the smallest and the largest. Samples in which something did not arrive are left out and listed. It passes when three of the five samples of each direction were whole; no figure is judged.',
  usualCauses: [
    'one of the networks does not carry traffic between the two nodes: see OVL-03, CTL-07, ENC-03',
    'large packets are lost on one of them: see MTU-03',
  ],
  remedy: [
    'curl http://TASK-ADDRESS/bulk from a task of the other node, on either network',
    'a processor with AES instructions that the guest may see (-cpu host) makes encryption cheap',
  ],
  codes: ['not-measurable'],
  changes: [],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [],
  probes: ({ facts, encrypts }) => (facts.nodes.length > 1 && encrypts ? penaltyProbes : 0),
  observe: measurePenalty,
  judge(measured, facts) {
    const directions = directionsOf(measured, facts.bulkBytes)
    const figures = directions.filter(({ samples }) => samples.length > 0).map(figuresOf)
    return judgement({
      problems: problemsOf(measured, directions, facts),
      measures: figures.flatMap(({ measures }) => measures),
      tables: {
        ...Object.fromEntries(
          directions
            .filter(({ lost }) => lost.length > 0)
            .map(({ from, to, lost }) => [`what did not arrive, ${from} to ${to}`, lost]),
        ),
        ...Object.fromEntries(figures.map(({ title, table }) => [title, table])),
      },
      conclusion:
        figures.length === 0
          ? ''
          : `encrypted ÷ clear: ${figures.map(({ sentence }) => sentence).join('; ')}`,
    })
  },
})

/** A network that is silent, or samples of which too few were whole. */
function problemsOf(
  { first }: Measured,
  directions: readonly Direction[],
  { networks }: ClusterFacts,
): Problem[] {
  const silent = first
    .filter(({ probe }) => probe.outcome !== 'answered')
    .map(({ role, from, to, probe }): Problem => ({
      ...{ code: 'not-measurable', kind: 'missed', path: { from, to }, network: networks[role].name },
      ...{ protocol: 'TCP', observed: outcomeSeen(probe) },
    }))
  const few = directions
    .filter(({ enough }) => !enough)
    .flatMap(({ from, to, lost }) =>
      (['clear', 'secret'] as const)
        .filter((role) => lost.some((one) => one.role === role))
        .map((role): Problem => {
          const own = lost.filter((one) => one.role === role)
          return {
            ...{ code: 'not-measurable', kind: 'missed', path: { from, to }, network: networks[role].name },
            ...{
              protocol: own[0]?.kind === 'icmp' ? 'ICMP' : 'TCP',
              observed: `${own.length} lost, first: ${own[0]?.outcome}`,
            },
          }
        }),
    )
  return [...silent, ...few]
}

function figuresOf({ from, to, samples, lost }: Direction) {
  const of = (role: 'clear' | 'secret') => ({
    mibPerSecond: samples.map((sample) => sample[role].mibPerSecond),
    echoMs: samples.flatMap((sample) => sample[role].echoMs),
  })
  const [clear, secret] = [of('clear'), of('secret')]
  const throughput = ratioOf(secret.mibPerSecond, clear.mibPerSecond)
  const latency = ratioOf(secret.echoMs, clear.echoMs)
  const spreads = ({ mibPerSecond, echoMs }: typeof clear) => ({
    mibPerSecond: spreadOf(mibPerSecond),
    echoMs: spreadOf(echoMs),
  })
  const measure = (what: string, value: number): Measure => ({
    ...{ name: `${what} ${from} to ${to}, encrypted ÷ clear`, value, unit: 'of clear' },
  })
  const without = lost.length === 0 ? '' : `, from ${samples.length} samples, for others were not whole`
  return {
    title: `${from} to ${to}`,
    table: {
      clear: spreads(clear),
      encrypted: spreads(secret),
      'encrypted ÷ clear': { throughput, latency },
    },
    measures: [measure('throughput', throughput.median), measure('latency', latency.median)],
    sentence: `${from} to ${to} throughput ${throughput.median} (${throughput.min} to ${throughput.max}), latency ${latency.median} (${latency.min} to ${latency.max})${without}`,
  }
}
