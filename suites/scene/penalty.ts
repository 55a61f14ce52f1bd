import type { TestContext } from '../../lib/conformance/context.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { OverlayNetwork, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { downloadProblems } from './downloads.ts'
import { outcomeText } from './outcome.ts'
import { addressOn, inTask, taskLabel } from './pair.ts'

type Shared = Omit<TestContext, 'evidence'>
type Role = 'clear' | 'secret'

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
  readonly lost: readonly Lost[]
}

export interface Lost {
  /** Counted from 1, of the samples that were tried. */
  readonly sample: number
  readonly network: string
  readonly problem: string
  /** Since the direction's first request. */
  readonly startedMs: number
  readonly elapsedMs: number
  /** The client's, by which its packets are found. */
  readonly port?: number
}

export interface Penalty {
  readonly directions: readonly Direction[]
  /** Why a network could not be measured, each with its nodes; then there is nothing else. */
  readonly problems: readonly string[]
}

const roles = ['clear', 'secret'] as const
const samples = 5
/** Of them, without which there is no spread; whether transfers get through at all is for MTU-03 and OVL-03 to say. */
const enough = 3
const downloadsPerSample = 8
const echoesPerSample = 4
const transferMs = 20_000

/** Measured once per run: 2 MiB a sample, clear and encrypted in turn, one request at a time. */
export function penalty(context: TestContext): Promise<Penalty> {
  return context.once('penalty', measure)
}

async function measure(context: Shared): Promise<Penalty> {
  const able = context.cluster.nodes.filter((node) =>
    roles.every((role) => tasksOn(context.stack, role).some((task) => task.node === node)),
  )
  const [a, b] = [able.at(0), able.at(-1)]
  if (a === undefined || b === undefined || a === b)
    throw new Error('no two nodes have tasks on both networks')
  const ends = (role: Role): Task[] =>
    [a, b].flatMap((node) => tasksOn(context.stack, role).findLast((task) => task.node === node) ?? [])
  const there: Record<Role, readonly Task[]> = { clear: ends('clear'), secret: ends('secret') }
  const back: Record<Role, readonly Task[]> = {
    clear: ends('clear').reverse(),
    secret: ends('secret').reverse(),
  }
  const problems = await silentNetworks(context, there)
  if (problems.length > 0) return { directions: [], problems }
  const directions = [await direction(context, there), await direction(context, back)]
  return {
    directions,
    problems: directions.flatMap((measured) => measured.problems),
  }
}

/** One connection and one echo on each network first: a network that is silent is told at once, not by time-outs. */
async function silentNetworks(
  { stack, probe }: Shared,
  ends: Readonly<Record<Role, readonly Task[]>>,
): Promise<string[]> {
  const requests = roles.flatMap((role) => {
    const { from, to, common } = between(ends[role], stack.networks[role])
    const label = `${stack.networks[role].name}, ${taskLabel(from)} to ${taskLabel(to)}`
    const http = {
      ...common,
      kind: 'tcp' as const,
      port: 80,
      request: httpGet(pagePath(stack)),
      timeoutMs: 10_000,
    }
    return [{ label, request: http }]
  })
  const observations = await probe.send(requests.map(({ request }) => request))
  return requests.flatMap(({ label }, index) => {
    const observation = observations[index] as Observation
    return observation.outcome === 'answered' ? [] : [`${label}: ${outcomeText(observation)}`]
  })
}

async function direction(
  { stack, probe }: Shared,
  ends: Readonly<Record<Role, readonly Task[]>>,
): Promise<Direction & { readonly problems: readonly string[] }> {
  const planned = Array.from({ length: samples }, (_, sample) =>
    roles.flatMap((role) =>
      requestsOf(stack, ends[role], stack.networks[role]).map((request) => ({ sample, role, request })),
    ),
  ).flat()
  const observations = await probe.send(
    planned.map(({ request }) => request),
    { concurrency: 1 },
  )
  const seen = planned.map((entry, index) => ({ ...entry, observation: observations[index] as Observation }))
  const lost = seen.flatMap(({ sample, role, request, observation }) =>
    lostAttempts(request, observation, stack.bulkBytes).map((attempt) => ({
      ...{ sample: sample + 1, network: stack.networks[role].name },
      ...attempt,
    })),
  )
  const sampleOf = (sample: number, role: Role): Sample => {
    const own = seen.filter((entry) => entry.sample === sample && entry.role === role)
    const bulk = own.find(({ request }) => request.kind === 'tcp')?.observation as Observation
    const bytes = bulk.replyBytes.reduce((sum, count) => sum + count, 0)
    const echoes = own.filter(({ request }) => request.kind === 'icmp')
    return {
      mibPerSecond: bytes / 1_048_576 / (bulk.elapsedMs / 1000),
      echoMs: echoes.map(({ observation }) => observation.elapsedMs),
    }
  }
  const whole = Array.from({ length: samples }, (_, sample) => sample).filter(
    (sample) => !lost.some((one) => one.sample === sample + 1),
  )
  const { from, to } = between(ends.clear, stack.networks.clear)
  const names = { from: from.node.host.name, to: to.node.host.name }
  return {
    ...names,
    samples: whole.map((sample) => ({
      clear: sampleOf(sample, 'clear'),
      secret: sampleOf(sample, 'secret'),
    })),
    lost,
    problems:
      whole.length >= enough
        ? []
        : [
            ...new Set(
              lost.map(({ network, problem }) => `${network}, ${names.from} to ${names.to}: ${problem}`),
            ),
          ],
  }
}

function lostAttempts(
  request: ProbeRequest,
  observation: Observation,
  bulkBytes: number,
): Omit<Lost, 'sample' | 'network'>[] {
  return observation.attempts.flatMap((attempt, index) => {
    const one = {
      ...attempt,
      replies: observation.replies.slice(index, index + 1),
      replyBytes: observation.replyBytes.slice(index, index + 1),
    }
    const answered =
      attempt.outcome === 'answered' ? [] : [`echo: ${outcomeText({ ...observation, ...attempt })}`]
    const problems = request.kind === 'tcp' ? downloadProblems(one, bulkBytes) : answered
    const { startedMs, elapsedMs, source } = attempt
    const port = source?.port === undefined ? {} : { port: source.port }
    return problems.map((problem) => ({ problem, startedMs, elapsedMs, ...port }))
  })
}

function requestsOf(stack: Stack, ends: readonly Task[], network: OverlayNetwork): ProbeRequest[] {
  const { common } = between(ends, network)
  const bulk = {
    ...common,
    kind: 'tcp' as const,
    port: 80,
    request: httpGet(pagePath(stack, 'bulk')),
    timeoutMs: transferMs,
  }
  const echo = { ...common, kind: 'icmp' as const, packetBytes: 84 }
  return [{ ...bulk, repeat: downloadsPerSample }, ...Array.from({ length: echoesPerSample }, () => echo)]
}

function between([from, to]: readonly Task[], network: OverlayNetwork) {
  if (from === undefined || to === undefined) throw new Error(`no two tasks on ${network.name}`)
  return { from, to, common: { from: inTask(from), to: addressOn(to, network) } }
}
