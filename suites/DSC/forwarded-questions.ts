import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { deviceTo } from '../../lib/observe/route.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import { namespacePath } from '../../lib/swarm/namespaces.ts'
import { contains, networkOf } from '../../lib/topology/cidr.ts'
import { kernel, type KernelSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { inTask } from '../scene/sending/pair.ts'
import { type WiresSeen, type WirePoint, withWires } from '../scene/recordings/recording.ts'
import { networkViewsSeen } from '../scene/recordings/views.ts'
import type { ResolverPlace } from './place.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

/**
 * Questions for a name with a nonce, and nobody else's. In an IPv4 datagram the first label of the question, its length
 * before it, starts behind 8 bytes of UDP and 12 of DNS: 27, `swarmpr`.
 */
const ownQuestions = 'udp port 53 and udp[20:4] = 0x1b737761 and udp[24:4] = 0x726d7072'
const noncePrefix = 'swarmproof-'

/** Where a task's question may pass on its node. */
type WayOut = Pick<WirePoint, 'interface' | 'namespace' | 'mac'>

interface Ways {
  /** The task's own interface on docker_gwbridge; undefined where it has none. */
  readonly inside?: WayOut | undefined
  /** Those by which its host reaches its nameservers. */
  readonly outside: readonly WayOut[]
}

export interface ForwardedSeen {
  /** By node: interfaces that were recorded for its task’s question. */
  readonly ways: Readonly<
    Record<string, Part<{ readonly inside: string | null; readonly outside: readonly string[] }>>
  >
  /** A frame that holds the question of a node’s task matches the node’s name. */
  readonly wires: WiresSeen
}

/** On each node its task asks for a name that nobody ever asked for, while every way the question may go is recorded. */
export async function observeForwarded(
  lab: ObserveContext,
  places: readonly ResolverPlace[],
): Promise<ForwardedSeen> {
  if (places.length === 0) return { ways: {}, wires: {} }
  const [state, views] = await Promise.all([lab.scene(kernel), lab.scene(networkViewsSeen)])
  const asked = places.map((place) => {
    const { name } = place.node.host
    const bridge = views[name]?.find((view) => view.name === gatewayBridgeName)?.subnets[0] ?? ''
    return {
      ...place,
      name,
      label: `${noncePrefix}${randomBytes(8).toString('hex')}`,
      ways: waysOf(place, state, bridge),
    }
  })
  const points = asked.flatMap(({ node, ways }): WirePoint[] =>
    'got' in ways
      ? [ways.got.inside ?? [], ways.got.outside]
          .flat()
          .map((way) => ({ ...way, host: node.host, direction: 'both', filter: ownQuestions }))
      : [],
  )
  const markers = asked.map(({ label }) => label)
  const { wires } = await withWires(
    lab,
    points.map((point) => ({ ...point, markers })),
    // As DNS writes it: each label with its length before it.
    Object.fromEntries(
      asked.map(({ name, label }) => [name, `${String.fromCharCode(label.length)}${label}`]),
    ),
    async () => ({
      sent: await sendPlan(
        lab.probe,
        asked.map(({ task, label }) => ({
          request: { ...dnsQuery(inTask(task), `${label}.example`), timeoutMs: 6000 },
        })),
      ),
    }),
  )
  return {
    ways: Object.fromEntries(
      asked.map(({ name, ways }) => [
        name,
        'got' in ways
          ? {
              got: {
                inside: ways.got.inside?.interface ?? null,
                outside: ways.got.outside.map((way) => way.interface),
              },
            }
          : ways,
      ]),
    ),
    wires,
  }
}

function waysOf({ node, task, resolver }: ResolverPlace, state: KernelSeen, bridge: string): Part<Ways> {
  const { name } = node.host
  const root = rootSeen(state, name, 'devices')
  if (!('got' in root)) return root
  const { routes, links } = root.got
  const macs = new Set(Object.values(task.endpoints).map(({ mac }) => mac))
  const devices = resolver.nameservers.flatMap((address) =>
    address.startsWith('127.') ? 'lo' : (deviceTo(routes, address) ?? []),
  )
  return {
    got: {
      inside: insideOf(macs, state[name]?.namespaces ?? {}, bridge),
      // Tunnels have no card; what left is of no matter here.
      outside: [...new Set(devices)].map((device) => ({
        interface: device,
        mac: links.find((link) => link.name === device)?.mac ?? '',
      })),
    },
  }
}

function insideOf(
  macs: ReadonlySet<string>,
  namespaces: HostState['namespaces'],
  bridge: string,
): WayOut | undefined {
  if (bridge === '') return undefined
  for (const [namespace, { links }] of Object.entries(namespaces)) {
    if (!links.some(({ mac }) => macs.has(mac))) continue
    const link = links.find(({ addresses }) =>
      addresses.some(({ family, address }) => family === 'inet' && contains(networkOf(bridge), address)),
    )
    if (link !== undefined)
      return { interface: link.name, namespace: namespacePath(namespace), mac: link.mac }
  }
  return undefined
}
