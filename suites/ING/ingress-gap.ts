import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { isExpected } from '../../lib/conformance/missing.ts'
import { type Threw, threwOf } from '../../lib/conformance/observations.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { TaskFacts } from '../../lib/observation/facts.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { unpublishedServices, withoutIngress } from '../../lib/swarm/ingress-gap.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import { listIngress } from '../../lib/swarm/swarm-networks.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { supportedTraffic } from '../scene/recordings/supported-traffic.ts'
import { addressOn, inTask, triedTaskPairs } from '../scene/sending/pair.ts'
import { type RepeatedRequest, sendRepeatedly } from '../scene/sending/send-repeatedly.ts'
import { type Refusal, refusalSeen } from './refusal.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

const connectionsPerTask = 2

/** What went on while there was no ingress network. */
export interface IngressGap {
  /** That publish nothing. */
  readonly services: readonly string[]
  /** Their tasks. */
  readonly before: readonly TaskFacts[]
  readonly meanwhile: Meanwhile
  /** Ingress networks afterwards; null where they could not be listed. */
  readonly restored: readonly string[] | null
  /** What stood in the way of putting ingress and what publishes back. */
  readonly undone: Threw | null
}

export interface Meanwhile {
  /** Ingress networks. */
  readonly found: readonly string[]
  readonly tasks: readonly TaskFacts[]
  readonly probed: readonly Probed[]
  /** Single connections to the virtual IP of the service that the client is a task of. */
  readonly byVirtualIp: readonly Sent<Connecting>[]
  readonly refusal: Refusal
}

interface Probing {
  /** Id of the task that asks. */
  readonly from: string
  readonly network: string
  /** Id of a task, or the name of the service whose tasks are asked for. */
  readonly to: { readonly task: string } | { readonly service: string }
}

export type Probed = Sent<Probing>

interface Connecting {
  /** Id of a task. */
  readonly client: string
  readonly network: string
}

/** Null where there is no ingress to remove. */
export async function observeGap(lab: ObserveContext): Promise<IngressGap | null> {
  const { cluster, stack, topology, signal } = lab
  if (!hasIngress(stack)) return null
  const services = unpublishedServices(stack)
  await using trial = lab.trial('ing11')
  const before = (await readTasks(cluster, services)).map(taskFacts)
  let meanwhile: Meanwhile | undefined
  let undone: Threw | null = null
  try {
    await withoutIngress({ topology, cluster, stack, trial, label: trial.label, signal }, async () => {
      meanwhile = await lookAround(lab, trial, services)
    })
  } catch (error) {
    // What was seen is not lost because putting things back failed.
    if (meanwhile === undefined || !isExpected(error)) throw error
    undone = threwOf(error)
  }
  if (meanwhile === undefined) throw new Error('the work without ingress ended without a result')
  const restored = undone === null ? await listIngress(cluster) : null
  return { services, before, meanwhile, restored, undone }
}

async function lookAround(
  lab: ObserveContext,
  trial: Trial,
  services: readonly string[],
): Promise<Meanwhile> {
  const { cluster, probe } = lab
  const found = await listIngress(cluster)
  const tasks = await readTasks(cluster, services)
  const { balances, leftOut } = await supportedTraffic(lab)
  const networks = overlaysOf(tasks).filter((name) => !leftOut.some(({ what }) => what === name))
  const probed = await sendPlan(probe, plan(lab, tasks, networks))
  const byVirtualIp = balances ? await connect(lab, tasks) : []
  const options = ['--replicas=1', '--publish', 'target=80']
  const answer = await trial.tryService('door', options)
  const refusal = refusalSeen(`service create ${options.join(' ')}`, answer)
  return { found, tasks: tasks.map(taskFacts), probed, byVirtualIp, refusal }
}

function overlaysOf(tasks: readonly Task[]): string[] {
  return [...new Set(tasks.flatMap(({ endpoints }) => Object.keys(endpoints)))].filter(isOverlay)
}

function plan(lab: ObserveContext, tasks: readonly Task[], networks: readonly string[]): Planned<Probing>[] {
  const { stack } = lab
  return networks.flatMap((network) => {
    const on = tasks.filter(({ endpoints }) => endpoints[network] !== undefined)
    const pairs = triedTaskPairs(lab, on)
    // A service on several networks may be told by any of its addresses.
    const services = [...new Set(on.filter(isOnOne).map(({ service }) => service))]
    return [
      ...pairs.flatMap(([from, to]): Planned<Probing>[] => {
        const common = { from: inTask(from), to: addressOn(to, { name: network }) }
        const entry = { from: from.id, network, to: { task: to.id } }
        const page = { port: 80, request: httpGet(pagePath(stack)), timeoutMs: 15_000 }
        return [
          { ...entry, request: { ...common, kind: 'icmp', packetBytes: 84 } },
          { ...entry, request: { ...common, kind: 'tcp', ...page } },
        ]
      }),
      ...on.flatMap((from) =>
        services.map((service): Planned<Probing> => ({
          ...{ from: from.id, network, to: { service } },
          request: dnsQuery(inTask(from), `tasks.${service}`),
        })),
      ),
    ]
  })
}

/** From a task of a global service on every node to the virtual IP of that service. */
async function connect(
  { stack, probe }: ObserveContext,
  tasks: readonly Task[],
): Promise<Sent<Connecting>[]> {
  const { front } = stack.services
  const { shop } = stack.networks
  const vip = front.vips[shop.id]
  const own = tasks.filter(({ service }) => service === front.name)
  if (vip === undefined || own.length === 0) return []
  return sendRepeatedly(
    probe,
    own.map((from): RepeatedRequest<Connecting> => ({
      times: connectionsPerTask * own.length,
      planned: {
        ...{ client: from.id, network: shop.name },
        request: {
          ...{ kind: 'tcp', from: inTask(from), to: vip, port: 80, request: httpGet(pagePath(stack)) },
          timeoutMs: 15_000,
        },
      },
    })),
  )
}

function isOnOne({ endpoints }: Task): boolean {
  return Object.keys(endpoints).filter(isOverlay).length === 1
}

function isOverlay(network: string): boolean {
  return network !== gatewayBridgeName
}
