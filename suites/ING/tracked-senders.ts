import { isIPv4 } from 'node:net'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { SwarmproofError } from '../../lib/error.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { rulesetOf } from '../../lib/observe/ruleset.ts'
import { execSections, type Sections } from '../../lib/remote/sections.ts'
import { MissingTool } from '../../lib/missing-tool.ts'
import { scriptFile } from '../../lib/script-file.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { ingressTables } from './ingress-tables.ts'
import { wayOfPort } from '../../lib/observe/way-of-port.ts'

/** Between two looks: who still sends has renewed the entry by then. */
const betweenSeconds = 3

/** Senders that connection tracking of a node leads past the mesh although it publishes the port. */
export interface HeldSenders {
  readonly port: number
  /** As many as sent between the two looks. */
  readonly senders: number
  /** Nodes among them, by name; who else sends is told by their number alone. */
  readonly nodes: readonly string[]
}

export interface TrackedSenders {
  readonly ports: number
  readonly held: readonly HeldSenders[]
}

/** By node. `untold`: the kernel shows its table to nobody. */
export type SendersSeen = Readonly<Record<string, Part<TrackedSenders | 'untold'>>>

export async function observeSenders(lab: ObserveContext): Promise<SendersSeen> {
  if (!hasIngress(lab.stack)) return {}
  const state = await lab.scene(kernel)
  const own = new Map(lab.facts.nodes.map(({ name, advertise }) => [advertise.address, name]))
  const parts = lab.cluster.nodes.map(
    async (node) =>
      [
        node.host.name,
        await observePart(() =>
          readSenders(node, portsOf(state, node.host.name), {
            nodes: own,
            here: addressesOf(state, node.host.name),
          }),
        ),
      ] as const,
  )
  return Object.fromEntries(await Promise.all(parts))
}

/** Whose addresses are whose. */
interface Addresses {
  /** Names of nodes by the address they advertise. */
  readonly nodes: ReadonlyMap<string, string>
  /** Of the host whose table it is, on any interface: what it sends to others is tracked there as well. */
  readonly here: ReadonlySet<string>
}

function addressesOf(state: KernelSeen, node: string): Set<string> {
  const links = state[node]?.root.links ?? []
  return new Set(links.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
}

/** UDP ports that rules of a node lead to the mesh, whoever published them. */
function portsOf(state: KernelSeen, node: string): number[] {
  const tables = ingressTables(state, node, 'firewall')
  if (!('got' in tables)) return []
  const { root } = tables.got
  const named = rulesetOf(root).flatMap(({ rules }) =>
    rules
      .filter(({ leadsTo }) => leadsTo !== undefined)
      .flatMap(({ conditions }) =>
        conditions.filter(({ left, not }) => left === 'udp dport' && not !== true),
      ),
  )
  const ports = [...new Set(named.flatMap(({ values }) => values.map(Number)))].filter(Number.isInteger)
  return ports.slice(0, 200).filter((publishedPort) => {
    const way = wayOfPort(tables.got, { protocol: 'udp', publishedPort })
    return way.sandbox !== undefined && way.fromOutside?.rule.leadsTo?.split(':')[0] === way.sandbox
  })
}

async function readSenders(
  { host }: ClusterNode,
  ports: readonly number[],
  addresses: Addresses,
): Promise<TrackedSenders | 'untold'> {
  if (ports.length === 0) return { ports: 0, held: [] }
  const { sections } = await execSections(
    host.remote,
    scriptFile(import.meta.url, 'tracked-senders.sh', { seconds: betweenSeconds }, ports),
    { timeoutMs: 30_000, idempotent: true },
  )
  const lacking = sections.all.find(({ name }) => name === 'lacks')?.argument
  if (lacking !== undefined)
    throw new MissingTool({
      ...{ tool: lacking, package: lacking === 'sort' ? 'coreutils' : 'mawk', hosts: [host.name] },
    })
  if (!sections.complete)
    throw new SwarmproofError({
      code: 'TRACKING_NOT_READ',
      what: 'the table of connection tracking was not read to its end',
      host: host.name,
    })
  return sections.all.some(({ name }) => name === 'untold')
    ? 'untold'
    : { ports: ports.length, held: heldSenders(sections, addresses) }
}

interface Entry {
  readonly left: number
  readonly sender: string
  readonly to: string
  readonly key: string
  readonly port: number
}

/** Entries that lead to the host itself, and that were renewed from the first look to the second. */
export function heldSenders(sections: Sections, { nodes, here }: Addresses): HeldSenders[] {
  const before = new Map(entriesOf(sections, 'first').map((entry) => [entry.key, entry]))
  const held = entriesOf(sections, 'second').filter(({ key, left, to }) => {
    const former = before.get(key)
    return here.has(to) && former !== undefined && left > former.left - betweenSeconds + 1
  })
  return [...new Set(held.map(({ port }) => port))].map((port) => {
    const senders = held.filter((one) => one.port === port).map(({ sender }) => sender)
    return {
      port,
      senders: senders.length,
      nodes: [...new Set(senders.flatMap((one) => nodes.get(one) ?? []))],
    }
  })
}

/** Those that are not translated: who was asked is who would answer. */
function entriesOf(sections: Sections, name: string): Entry[] {
  return sections.lines(name).flatMap((line) => {
    const [left, sender = '', from, to = '', port, answering] = line.split(' ')
    return isIPv4(sender) && isIPv4(to) && to === answering
      ? [{ left: Number(left), sender, to, key: `${sender} ${from} ${to} ${port}`, port: Number(port) }]
      : []
  })
}

export function trackedSenderProblems(
  node: string,
  { held }: TrackedSenders,
  { nodes }: Pick<ClusterFacts, 'nodes'>,
): Problem[] {
  return held.map(({ port, senders, nodes: from }) => ({
    ...{ code: 'sender-tracked-past-mesh', kind: 'seen', node, protocol: 'UDP', port },
    ...{ address: nodes.find(({ name }) => name === node)?.advertise.address ?? '', observed: senders },
    ...(from.length === 0 ? {} : { subject: from.join(', ') }),
  }))
}
