import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../../lib/inconclusive.ts'
import type { AttemptSeen, HttpSeen, ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import type { ProbeRequest } from '../../../lib/probe/probe.ts'
import type { OverlayNetwork, Task } from '../../../lib/swarm/cluster.ts'
import { pagePath } from '../../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../../lib/swarm/stack.ts'
import { addressOn, inTask } from '../sending/pair.ts'

export const roles = ['clear', 'secret'] as const
export type Role = (typeof roles)[number]

/** A probe of the first look at a network, or of one of the samples. */
export interface Measuring {
  readonly role: Role
  /** Names of nodes. */
  readonly from: string
  readonly to: string
  /** Counted from 0; absent of the first look. */
  readonly sample?: number
}

/** What was sent between two nodes, clear and encrypted in turn. */
export interface Measured {
  /** One connection on each network: one that is silent is told at once, not by time-outs. */
  readonly first: readonly Sent<Measuring>[]
  /** Both directions; empty where a network was silent. */
  readonly samples: readonly Sent<Measuring>[]
}

const samples = 5
/** Of them, without which there is no spread; whether transfers get through at all is for MTU-03 and OVL-03 to say. */
const enough = 3
const downloadsPerSample = 8
const echoesPerSample = 4
const transferMs = 20_000
/** One look at each network, then all samples of both directions. */
export const penaltyProbes = roles.length * (1 + 2 * samples * (downloadsPerSample + echoesPerSample))

/** 2 MiB a sample, clear and encrypted in turn, one request at a time. */
export async function measurePenalty({ cluster, stack, probe }: ObserveContext): Promise<Measured> {
  const able = cluster.nodes.filter((node) =>
    roles.every((role) => tasksOn(stack, role).some((task) => task.node === node)),
  )
  const [a, b] = [able.at(0), able.at(-1)]
  if (a === undefined || b === undefined || a === b)
    throw new Inconclusive('no two nodes have tasks on both networks')
  const ends = (role: Role, nodes: readonly (typeof a)[]): Task[] =>
    nodes.flatMap((node) => tasksOn(stack, role).findLast((task) => task.node === node) ?? [])
  const first = await sendPlan(
    probe,
    roles.map((role) => planned(stack, role, ends(role, [a, b]), (common) => page(stack, common))),
  )
  if (first.some(({ probe: { outcome } }) => outcome !== 'answered')) return { first, samples: [] }
  const plan = [
    [a, b],
    [b, a],
  ].map((nodes) =>
    Array.from({ length: samples }, (_, sample) =>
      roles.flatMap((role) =>
        requests(stack).map((request) => ({ ...planned(stack, role, ends(role, nodes), request), sample })),
      ),
    ).flat(),
  )
  const seen: Sent<Measuring>[] = []
  for (const direction of plan) seen.push(...(await sendPlan(probe, direction, { concurrency: 1 })))
  return { first, samples: seen }
}

type Common = Pick<ProbeRequest, 'from' | 'to'>

function planned(
  stack: Stack,
  role: Role,
  [from, to]: readonly Task[],
  request: (common: Common) => ProbeRequest,
): Planned<Measuring> {
  const network: OverlayNetwork = stack.networks[role]
  if (from === undefined || to === undefined) throw new Inconclusive(`no two tasks on ${network.name}`)
  return {
    ...{ role, from: from.node.host.name, to: to.node.host.name },
    request: request({ from: inTask(from), to: addressOn(to, network) }),
  }
}

function page(stack: Stack, common: Common): ProbeRequest {
  return { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)), timeoutMs: 10_000 }
}

function requests(stack: Stack): ((common: Common) => ProbeRequest)[] {
  const bulk = (common: Common): ProbeRequest => ({
    ...{ ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack, 'bulk')) },
    ...{ timeoutMs: transferMs, repeat: downloadsPerSample },
  })
  const echo = (common: Common): ProbeRequest => ({ ...common, kind: 'icmp', packetBytes: 84 })
  return [bulk, ...Array.from({ length: echoesPerSample }, () => echo)]
}

export interface Sample {
  readonly mibPerSecond: number
  readonly echoMs: readonly number[]
}

export interface Direction {
  readonly from: string
  readonly to: string
  /** Of both networks, taken in turn; those in which everything arrived. */
  readonly samples: readonly Readonly<Record<Role, Sample>>[]
  /** What did not arrive, a row for each connection or echo. */
  readonly lost: readonly LostSample[]
  readonly enough: boolean
}

/** A connection or an echo that did not bring what it should. */
export interface LostSample extends Pick<AttemptSeen, 'outcome' | 'startedMs' | 'elapsedMs'> {
  /** Counted from 1, of the samples that were tried. */
  readonly sample: number
  readonly role: Role
  readonly kind: ProbeSeen['kind']
  /** Of a transfer. */
  readonly bodyBytes?: number
  /** The client's, by which its packets are found. */
  readonly port?: number
}

/** Figures of each direction. */
export function directionsOf({ samples: all }: Measured, bulkBytes: number): Direction[] {
  const ways = [...new Map(all.map(({ from, to }) => [`${from} ${to}`, { from, to }])).values()]
  return ways.map(({ from, to }) => {
    const own = all.filter((one) => one.from === from && one.to === to)
    const lost = own.flatMap((one) => lostOf(one, bulkBytes))
    const numbers = [...new Set(own.flatMap(({ sample }) => sample ?? []))]
    const whole = numbers.filter((number) => !lost.some(({ sample }) => sample === number + 1))
    const sampleOf = (number: number, role: Role): Sample => {
      const of = own.filter((one) => one.sample === number && one.role === role)
      const transfer = of.find(({ probe: { kind } }) => kind === 'tcp')?.probe
      const bytes = (transfer?.replyBytes ?? []).reduce((sum, count) => sum + count, 0)
      return {
        mibPerSecond: bytes / 1_048_576 / ((transfer?.elapsedMs ?? Number.NaN) / 1000),
        echoMs: of
          .filter(({ probe: { kind } }) => kind === 'icmp')
          .map(({ probe: { elapsedMs } }) => elapsedMs),
      }
    }
    return {
      ...{ from, to, lost, enough: whole.length >= enough },
      samples: whole.map((number) => ({
        clear: sampleOf(number, 'clear'),
        secret: sampleOf(number, 'secret'),
      })),
    }
  })
}

function lostOf({ role, sample = 0, probe }: Sent<Measuring>, bulkBytes: number): LostSample[] {
  return probe.attempts.flatMap((attempt, index): LostSample[] => {
    const http: HttpSeen | null | undefined = probe.http?.[index]
    const whole = probe.kind !== 'tcp' || (http?.status === 200 && http.bodyBytes === bulkBytes)
    if (attempt.outcome === 'answered' && whole) return []
    const { outcome, startedMs, elapsedMs, source } = attempt
    return [
      {
        ...{ sample: sample + 1, role, kind: probe.kind, outcome, startedMs, elapsedMs },
        ...(probe.kind === 'tcp' ? { bodyBytes: http?.bodyBytes ?? 0 } : {}),
        ...(source?.port === undefined ? {} : { port: source.port }),
      },
    ]
  })
}
