import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { scene } from '../../../lib/conformance/scene.ts'
import { swarmObjects } from '../../../lib/conformance/swarm-objects-scene.ts'
import { firstLineOf } from '../../../lib/error.ts'
import type { NamespaceState } from '../../../lib/observe/host-state.ts'
import { choosesAtRandom } from '../../../lib/observe/random-balancer.ts'
import { type IngressTables, wayOfPort } from '../../../lib/observe/way-of-port.ts'
import { ingressNamespace, loadBalancerNamespace } from '../../../lib/swarm/namespaces.ts'
import { readSwarmObjects, type SwarmObjects } from '../../../lib/swarm/swarm-objects.ts'
import { markOfPort, markOfVip } from '../../../lib/observe/balancer-marks.ts'
import { kernel, type KernelSeen, namespaceSeen, rootSeen } from '../judging/kernel-seen.ts'
import {
  type OtherBalancer,
  otherBalancerProblems,
  type OtherPort,
  otherPortProblems,
  type OthersPart,
  type OthersSeen,
} from '../judging/others.ts'
import { pollUntilSettled } from '../polling/until-settled.ts'

/**
 * Services that are not the run's: where each node leads their ports, and whom its balancers list. Read from kernels and
 * a manager; nothing is sent to them.
 */
export const others = scene('others', (lab) =>
  pollUntilSettled(
    lab,
    (fresh) => look(lab, fresh),
    (seen) => [...otherPortProblems(seen), ...otherBalancerProblems(seen)],
  ),
)

/** The same for a requirement that can do without: what could not be read is said, and spoils nothing else. */
export async function othersPart(lab: ObserveContext): Promise<OthersPart> {
  try {
    return { got: await lab.scene(others) }
  } catch (error) {
    lab.signal.throwIfAborted()
    return { threw: firstLineOf(error) }
  }
}

async function look(lab: ObserveContext, fresh: boolean): Promise<OthersSeen> {
  const objects = fresh ? await readSwarmObjects(lab.cluster) : await lab.scene(swarmObjects)
  const states: KernelSeen = fresh
    ? Object.fromEntries(await lab.kernel({ fresh: true }))
    : await lab.scene(kernel)
  const { nodes, namePrefix } = lab.facts
  return othersOf(
    objects,
    states,
    nodes.map(({ name }) => name),
    `${namePrefix}-`,
  )
}

/** More would be a file too large to keep. */
const mostServices = 200

/** @param own what names of the run's services begin with */
export function othersOf(
  objects: SwarmObjects,
  states: KernelSeen,
  nodes: readonly string[],
  own: string,
): OthersSeen {
  // Whom a balancer must list is not known where a service may have other tasks than those that were read.
  const comparable = objects.tasksCut === true ? [] : objects.services
  const services = comparable
    .filter(({ name }) => !name.startsWith(own) && objects.tasks.some(({ service }) => service === name))
    .slice(0, mostServices)
  const unread = new Set<string>()
  const read = (node: string, namespace: string): NamespaceState | undefined => {
    const seen = namespaceSeen(states, node, namespace, 'firewall')
    if ('got' in seen) return seen.got
    unread.add(node)
    return undefined
  }
  const ports = nodes.flatMap((node) => {
    const root = rootSeen(states, node, 'firewall')
    if (!('got' in root)) {
      unread.add(node)
      return []
    }
    const nftables = states[node]?.nftables
    const tables = {
      root: { ...root.got, ...(nftables === undefined ? {} : { nftables }) },
      sandbox: read(node, ingressNamespace),
    }
    return unread.has(node) ? [] : services.flatMap((service) => portsAt(objects, service, node, tables))
  })
  const balancers = services.flatMap((service) => balancersOf(objects, service, nodes, read))
  return { ports, balancers, unread: [...unread], ...(objects.tasksCut === true ? { cut: true } : {}) }
}

type ListedService = SwarmObjects['services'][number]

function portsAt(
  objects: SwarmObjects,
  { name, published }: ListedService,
  node: string,
  tables: IngressTables,
): OtherPort[] {
  const ingress = objects.networks.find((network) => network.ingress)
  if (ingress === undefined) return []
  const tasks = addressesOn(objects, name, ingress.id)
  return published
    .filter(({ mode }) => mode === 'ingress')
    .map(({ protocol, publishedPort }): OtherPort => {
      const port = { protocol, publishedPort }
      const { sandbox, fromOutside, forwarding, unasked } = wayOfPort(tables, port)
      const mark = markOfPort(tables.sandbox?.firewall ?? [], port)
      const isDropped = forwarding?.verdict === 'drop' || forwarding?.verdict === 'reject'
      return {
        ...{ node, service: name, network: ingress.name, protocol, port: publishedPort, tasks },
        ...(mark === undefined ? {} : { mark }),
        ipvs: ipvsOf(tables.sandbox, mark),
        ...(sandbox === undefined ? {} : { sandbox }),
        ...(fromOutside?.rule.leadsTo === undefined ? {} : { leadsTo: fromOutside.rule.leadsTo }),
        ...(fromOutside === undefined && unasked.length > 0 ? { unasked: true } : {}),
        ...(isDropped && !forwarding.unless.some(({ rule }) => rule.verdict === 'accept')
          ? { droppedBy: nameOf(forwarding.by) }
          : {}),
      }
    })
}

function nameOf(
  by: { readonly table: string; readonly name?: string; readonly chain?: string } | undefined,
): string {
  return by === undefined ? 'a policy' : `${by.table} ${by.chain ?? by.name ?? ''}`
}

/** Of networks between tasks: on each node that runs one of them. */
function balancersOf(
  objects: SwarmObjects,
  { name, vips }: ListedService,
  nodes: readonly string[],
  read: (node: string, namespace: string) => NamespaceState | undefined,
): OtherBalancer[] {
  return objects.networks.flatMap((network) => {
    const vip = vips[network.id]
    if (network.ingress || vip === undefined) return []
    const tasks = addressesOn(objects, name, network.id)
    return nodes
      .filter((node) => objects.tasks.some((task) => task.node === node && network.id in task.addresses))
      .flatMap((node): OtherBalancer[] => {
        const state = read(node, loadBalancerNamespace(network.id))
        if (state === undefined || choosesAtRandom(state)) return []
        const mark = markOfVip(state.firewall, vip)
        return [
          {
            ...{ node, service: name, network: network.name, vip, tasks },
            ...(mark === undefined ? {} : { mark }),
            ipvs: ipvsOf(state, mark),
          },
        ]
      })
  })
}

function addressesOn({ tasks }: SwarmObjects, service: string, network: string): string[] {
  return tasks.filter((task) => task.service === service).flatMap(({ addresses }) => addresses[network] ?? [])
}

function ipvsOf(state: NamespaceState | undefined, mark: number | undefined): OtherBalancer['ipvs'] {
  return state?.ipvs.find(({ firewallMark }) => firewallMark === mark) ?? null
}
