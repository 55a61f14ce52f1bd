import { isIPv4 } from 'node:net'
import { type NodeFacts, type TaskFacts, taskName } from '../observation/facts.ts'
import type { AskedPacket } from '../observe/who-decides.ts'
import { loadBalancerNamespace, nameAmong, overlayNamespace } from '../swarm/namespaces.ts'
import { contains } from '../topology/cidr.ts'
import { gatewayBridgeName, gossipPort } from '../topology/swarm-defaults.ts'
import { portsOf } from './firewall-drops.ts'
import type { LabView, Reported } from './lab-view.ts'
import { statesOf } from './meanwhile.ts'
import type { AskedAt } from './translations.ts'

/** What packets of a problem are, for people, and where rules that translate are asked about the first of them. */
export interface AskedOf {
  /** As `port 8080/tcp of worker1`. */
  readonly what: string
  readonly at: readonly AskedAt[]
}

/** Of what is sent to a port of a node, to an address of an overlay, or between nodes; none where that is not known. */
export function askedOf(problem: Reported, lab: LabView): readonly AskedOf[] {
  const alone = ofPort(problem, lab) ?? ofNameserver(problem, lab)
  const found = alone === undefined ? [ofOverlay(problem, lab), betweenNodes(problem, lab)] : [alone]
  return found.filter((one) => one !== undefined)
}

const protocols: Readonly<Record<string, string>> = { TCP: 'tcp', HTTP: 'tcp', UDP: 'udp', ICMP: 'icmp' }

const isOwn = ({ advertise, dataPath }: NodeFacts, address: string): boolean =>
  address === advertise.address || address === dataPath.address

/** A port of a node that another node, a task, or the node itself asks. */
function ofPort(problem: Reported, lab: LabView): AskedOf | undefined {
  const { node: name = problem.path?.to, path, port, protocol = 'TCP', code, requirement, via } = problem
  const nodes = lab.facts?.nodes ?? []
  const node = nodes.find((one) => one.name === name)
  const isAsked = /^(ING|RES|MTU-05)/.test(via ?? requirement) || code === 'connection-refused'
  if (node === undefined || port === undefined || !isAsked || isOnOverlay(problem, lab)) return undefined
  const destination = problem.address ?? node.advertise.address
  const from = nodes.find((one) => one.name === path?.from)
  const isTask = code.endsWith('-answering-task') || (problem.ends?.from ?? '').includes('@')
  const packet: AskedPacket = {
    ...{ protocol: protocols[protocol] ?? protocol.toLowerCase(), destination, destinationPort: port },
    ...{ state: 'new', byIpsec: false },
  }
  const toNode = {
    ...{ ...packet, fromHost: false, toHost: isOwn(node, destination), in: node.advertise.interface },
    ...(from === undefined || isTask ? {} : { source: from.advertise.address }),
  }
  const byTask = { ...packet, in: gatewayBridgeName, fromHost: false }
  const sent = { ...packet, fromHost: true, in: '' }
  const isAtItself = from === undefined || from === node
  return {
    what: `port ${port}/${packet.protocol} of ${node.name}`,
    at: [
      ...(isTask
        ? [
            {
              node: (from ?? node).name,
              hook: 'prerouting',
              packet: { ...byTask, toHost: isAtItself },
            } as const,
            ...(isAtItself ? [] : [{ node: node.name, hook: 'prerouting', packet: toNode } as const]),
          ]
        : code.startsWith('own-') || from === node
          ? [{ node: node.name, hook: 'output', packet: { ...sent, toHost: true, out: 'lo' } } as const]
          : [
              { node: node.name, hook: 'prerouting', packet: toNode } as const,
              ...(from === undefined
                ? []
                : [
                    {
                      ...{ node: from.name, hook: 'output' as const },
                      packet: {
                        ...{ ...sent, toHost: false, out: from.advertise.interface },
                        source: from.advertise.address,
                      },
                    },
                  ]),
            ]),
    ],
  }
}

function isOnOverlay({ network, address = '' }: Reported, lab: LabView): boolean {
  const known = lab.networkNamed(network)
  return known?.ingress === false && (!isIPv4(address) || contains(known.subnet, address))
}

/** What a task sends to an address of an overlay: in its own namespace, at the overlay’s bridge, and in the balancer’s. */
function ofOverlay(problem: Reported, lab: LabView): AskedOf | undefined {
  const { address = '', port, network, path, ends, protocol = 'TCP' } = problem
  const name = problem.node ?? path?.from
  const known = lab.networkNamed(network)
  if (name === undefined || known === undefined || !isIPv4(address)) return undefined
  if (known.ingress || known.subnet === '' || !contains(known.subnet, address)) return undefined
  const [state] = statesOf(lab, name)
  const tasks = (lab.facts?.tasks ?? []).filter(
    (task) => task.node === name && task.endpoints[known.name] !== undefined,
  )
  const named = tasks.filter((task) => taskName(task) === ends?.from)
  const names = Object.keys(state?.namespaces ?? {})
  const packet: AskedPacket = {
    ...{ protocol: protocols[protocol] ?? protocol.toLowerCase(), destination: address, state: 'new' },
    ...(port === undefined ? {} : { destinationPort: port }),
  }
  const inside = (wanted: string): string[] => [nameAmong(names, wanted) ?? []].flat()
  return {
    what: `${address}${port === undefined ? '' : `:${port}`}`,
    at: [
      ...named.flatMap((task) =>
        namespaceOf(task, lab).map((namespace): AskedAt => ({
          ...{ node: name, namespace, task: taskName(task), hook: 'output' },
          packet: { ...packet, fromHost: true, toHost: false, in: '' },
        })),
      ),
      ...inside(overlayNamespace(known.id)).map((namespace): AskedAt => ({
        ...{ node: name, namespace, hook: 'prerouting' },
        packet: { ...packet, fromHost: false, toHost: false },
      })),
      ...inside(loadBalancerNamespace(known.id)).map((namespace): AskedAt => ({
        ...{ node: name, namespace, hook: 'prerouting' },
        packet: { ...packet, fromHost: false, toHost: true },
      })),
    ],
  }
}

/** The file name of the namespace that has one of the task’s addresses. */
export function namespaceOf({ node, endpoints }: TaskFacts, lab: LabView): string[] {
  const [state] = statesOf(lab, node)
  const macs = new Set(Object.values(endpoints).flatMap(({ mac }) => (mac === '' ? [] : [mac])))
  const own = new Set(Object.values(endpoints).map(({ address }) => address))
  return Object.entries(state?.namespaces ?? {}).flatMap(([name, { links }]) =>
    links.some(({ mac, addresses }) => macs.has(mac) || addresses.some((one) => own.has(one.address)))
      ? [name]
      : [],
  )
}

/** Questions that engines pass on: from the host’s own namespace from 28 on, before from the task’s, by its gateway. */
function ofNameserver(problem: Reported, lab: LabView): AskedOf | undefined {
  const { code, node, expected, ends } = problem
  if (code !== 'question-forwarded-elsewhere' || node === undefined) return undefined
  const servers = String(expected ?? '').split(', ')
  const task = lab.facts?.tasks.find((one) => one.node === node && taskName(one) === ends?.from)
  const insides = task === undefined ? [] : namespaceOf(task, lab)
  return {
    what: `questions to ${servers.join(', ')}`,
    at: servers.flatMap((destination): AskedAt[] => {
      const packet = { protocol: 'udp', destination, destinationPort: 53, state: 'new', toHost: false }
      return [
        { node, hook: 'output', packet: { ...packet, fromHost: true, in: '' } },
        { node, hook: 'prerouting', packet: { ...packet, fromHost: false, in: gatewayBridgeName } },
        ...insides.map((namespace): AskedAt => ({
          ...{ node, namespace, hook: 'output' },
          packet: { ...packet, fromHost: true, in: '' },
        })),
      ]
    }),
  }
}

/** Traffic of the swarm between two nodes: as it leaves the one, and as it comes to the other, in both directions. */
function betweenNodes(problem: Reported, lab: LabView): AskedOf | undefined {
  const { path } = problem
  const nodes = lab.facts?.nodes ?? []
  const [from, to] = [path?.from, path?.to].map((name) => nodes.find((one) => one.name === name))
  if (from === undefined || to === undefined || from === to) return undefined
  const isGossip = problem.code.startsWith('gossip-') || problem.code === 'udp-probes-failed'
  const traffic = isGossip ? 'gossip-udp' : 'data'
  const { dataPathPort } = lab.lab.topology.swarm
  const way = traffic === 'data' ? 'dataPath' : 'advertise'
  const wanted = { ...portsOf(dataPathPort)[traffic], state: 'new' }
  const between = (one: NodeFacts, other: NodeFacts): AskedAt[] => {
    const packet = { ...wanted, source: one[way].address, destination: other[way].address }
    return [
      {
        ...{ node: one.name, hook: 'output' },
        packet: { ...packet, fromHost: true, toHost: false, in: '', out: one[way].interface },
      },
      {
        ...{ node: other.name, hook: 'prerouting' },
        packet: { ...packet, fromHost: false, toHost: true, in: other[way].interface },
      },
    ]
  }
  const what = isGossip ? `gossip (UDP ${gossipPort})` : `VXLAN (UDP ${dataPathPort})`
  return { what, at: [...between(from, to), ...between(to, from)] }
}
