import type { NodeFacts } from '../../observation/facts.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { Link } from '../../observe/host-state.ts'
import { routesTo } from '../../observe/route.ts'
import { contains } from '../../topology/cidr.ts'
import { canEndAt } from '../ends.ts'
import { inWords } from '../in-words.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { isOfMesh } from '../own-mesh.ts'
import type { Draft, Rule } from '../rule.ts'

/** Two hosts of one network have one hardware address, or one IP address. */
export const hardwareAddressShared: Rule = {
  code: 'hardware-address-shared',
  title: 'Two hosts have the same hardware address, or another host answers for the address of a node',
  severity: ['cause'],
  meaning:
    'On an Ethernet a switch sends frames to the port where it saw their hardware address last, and a host to whoever answered its ARP. Virtual machines that were cloned with their MAC take each other’s frames in turns; a device with the address of a node (a clone, a lease, a virtual address of keepalived that is up twice) takes what is meant for that. Packets leave and do not arrive, of every port, now and then or always, as though a firewall dropped them.',
  proof: [
    'The interfaces by which two nodes are on the underlay have the same MAC',
    'Or a node has in its neighbour table another MAC for the address of a second one than any interface of that one has, and the right one for a third; or it has the MAC of a third',
    'Something left one of these nodes and did not come to the other',
  ],
  silencedBy: [
    'For the addresses of all nodes it has other MACs than theirs, or the one of its gateway: so it is in clouds, where a router answers for everybody',
    'The interface has no MAC (a tunnel), or shares that of its parent on purpose (ipvlan)',
    'What was missed is seen to have arrived',
  ],
  remedy: [
    'Is the address in use twice: `arping -D -I INTERFACE -c 3 ADDRESS` on a third host; two answers with different MACs name both',
    'A clone: another MAC in the settings of the virtual machine, `rm /etc/machine-id && systemd-machine-id-setup`, and restart it',
    'Take the address away from the other host, then `ip neigh flush to ADDRESS` on the nodes',
  ],
  reports: [],
  find: (lab) => [...sameOfTwo(lab), ...answeredByAnother(lab)],
  gravity: 47,
}

interface OnUnderlay {
  readonly node: NodeFacts
  readonly link: Link
  readonly address: string
  readonly macs: ReadonlySet<string>
}

/** Interfaces of nodes by which they are on an underlay, with all MACs that the node has. */
function onUnderlay(lab: LabView): OnUnderlay[] {
  return (lab.facts?.nodes ?? []).flatMap((node) => {
    const [state] = statesOf(lab, node.name)
    const macs = new Set(state?.root.links.map(({ mac }) => mac))
    const ways =
      node.dataPath.address === node.advertise.address ? [node.dataPath] : [node.dataPath, node.advertise]
    return ways.flatMap((way): OnUnderlay[] => {
      const link = state?.root.links.find(({ name }) => name === way.interface)
      return link === undefined || !isOfEthernet(link) ? [] : [{ node, link, address: way.address, macs }]
    })
  })
}

const isOfEthernet = ({ mac, kind }: Link): boolean =>
  mac !== '' && mac !== '00:00:00:00:00:00' && kind !== 'ipvlan'

const isNear = ({ link }: OnUnderlay, address: string): boolean =>
  link.addresses.some(
    ({ family, address: own, prefixLength }) =>
      family === 'inet' && prefixLength < 32 && contains(`${own}/${prefixLength}`, address),
  )

function sameOfTwo(lab: LabView): Draft[] {
  const all = onUnderlay(lab)
  const groups = new Map<string, OnUnderlay[]>()
  for (const one of all)
    if (
      all.some(
        (other) => other.node !== one.node && other.link.mac === one.link.mac && isNear(one, other.address),
      )
    )
      groups.set(one.link.mac, [...(groups.get(one.link.mac) ?? []), one])
  return [...groups].flatMap(([mac, holders]): Draft[] => {
    const names = [...new Set(holders.map(({ node }) => node.name))]
    const explains = (problem: Reported): boolean =>
      isLost(problem, names) && (nodesOf(problem).some((name) => names.includes(name)) || isOfMesh(problem))
    if (!lab.problems().some((problem) => isBetweenNodes(problem) && explains(problem))) return []
    const [, second] = holders
    return [
      {
        title: `${inWords(names)} have the same hardware address on the underlay: ${mac}`,
        cause: `The switch between them, or the bridge of the hypervisor, sends frames for ${mac} to whichever of them sent last, so that each loses what the other gets. Virtual machines that were cloned have it so, and often the same machine-id as well.`,
        remedy: [
          `Give one of them another: in the settings of the virtual machine, or \`ip link set dev ${second?.link.name ?? 'INTERFACE'} address 02:00:00:xx:xx:xx\` on ${second?.node.name ?? 'it'} to try; then \`ip neigh flush to ${second?.address ?? 'ADDRESS'}\` on the other nodes`,
          'If it was cloned, a machine-id of its own as well: `rm /etc/machine-id && systemd-machine-id-setup`, and restart it',
        ],
        nodes: names,
        proof: holders.map(
          ({ node, link, address }) => `${node.name}: ${link.name} with ${address} has ${link.mac}`,
        ),
        explains,
      },
    ]
  })
}

interface Wrong {
  readonly at: string
  readonly mac: string
  readonly peer: OnUnderlay
  /** The node that has the MAC. */
  readonly holder: string | undefined
}

function answeredByAnother(lab: LabView): Draft[] {
  const all = onUnderlay(lab)
  const wrong = nodesRead(lab).flatMap((at) => wrongOn(at, all, lab))
  const peers = [...new Set(wrong.map(({ peer }) => peer.address))]
  return peers.flatMap((address): Draft[] => {
    const found = wrong.filter(({ peer }) => peer.address === address)
    const [first] = found
    if (first === undefined) return []
    const { peer, mac, holder } = first
    const at = [...new Set(found.map((one) => one.at))]
    const explains = (problem: Reported): boolean =>
      isLost(problem, [...at, peer.node.name]) &&
      (isBetween(problem, at, peer.node.name) ||
        (isOfMesh(problem) &&
          lab.everyProblem.some((one) => isBetweenNodes(one) && isBetween(one, at, peer.node.name))))
    if (!lab.problems().some((problem) => isBetweenNodes(problem) && explains(problem))) return []
    return [
      {
        title: `Another host answers for ${address}, the address of ${peer.node.name}: ${inWords(at)} ${at.length === 1 ? 'sends' : 'send'} to ${mac}${holder === undefined ? '' : ` (${holder})`}, and ${peer.link.name} of ${peer.node.name} has ${peer.link.mac}`,
        cause: `What ${inWords(at)} ${at.length === 1 ? 'sends' : 'send'} to ${address} goes to ${holder ?? 'another host'} on the same network, which has that address too or answers ARP for it: a clone, a lease that was given out again, a virtual address that is up twice. It never comes to ${peer.node.name}, whatever its port.`,
        remedy: [
          `See who has it: \`arping -D -I ${peer.link.name} -c 3 ${address}\` on ${first.at}; ${mac} is in the table of the switch or the list of virtual machines`,
          `Take the address away there; then on ${inWords(at)}: \`ip neigh flush to ${address}\``,
        ],
        nodes: [peer.node.name],
        pairs: at.map((from) => ({ from, to: peer.node.name })),
        proof: found.map(
          (one) =>
            `${one.at}: its neighbour table has ${one.mac} for ${address}; ${peer.link.name} of ${peer.node.name} has ${peer.link.mac}`,
        ),
        explains,
      },
    ]
  })
}

function wrongOn(at: string, all: readonly OnUnderlay[], lab: LabView): Wrong[] {
  const [state] = statesOf(lab, at)
  const macOf = (address: string): string | undefined =>
    state?.root.neighbours.find((one) => one.address === address && !/FAILED|INCOMPLETE/.test(one.state))?.mac
  const gateways = new Set(
    (state?.root.routes ?? [])
      .filter(({ destination }) => destination === 'default')
      .map(({ gateway = '' }) => macOf(gateway)),
  )
  const peers = all.filter((peer) => {
    const own = all.find(({ node }) => node.name === at)
    return (
      peer.node.name !== at && own !== undefined && isNear(own, peer.address) && isNear(peer, own.address)
    )
  })
  const isPlain = peers.some((peer) => macOf(peer.address) === peer.link.mac)
  return peers.flatMap((peer): Wrong[] => {
    const mac = macOf(peer.address)
    const [route] = routesTo(state?.root.routes ?? [], peer.address)
    if (mac === undefined || peer.macs.has(mac) || gateways.has(mac)) return []
    // By a gateway nobody asks for its hardware address.
    if (route?.device === undefined || route.gateway !== undefined) return []
    const holder = all.find(({ node, macs }) => node !== peer.node && macs.has(mac))?.node.name
    return isPlain || holder !== undefined ? [{ at, mac, peer, holder }] : []
  })
}

/** It is known of the problem that packets left one node and did not come to the other. */
const isBetweenNodes = ({ path, code, reached }: Reported): boolean =>
  path !== undefined &&
  path.from !== path.to &&
  (code.endsWith('-lost-on-the-way') || reached === 'wire' || reached === 'way-back')

/** Missed, and not seen to have arrived at one of them. */
const isLost = (problem: Reported, names: readonly string[]): boolean =>
  problem.kind === 'missed' &&
  !/^(CTL-08|GWB)/.test(problem.requirement) &&
  problem.reached !== 'receiver' &&
  problem.reached !== 'returned' &&
  (problem.reached === undefined || names.some((at) => canEndAt(problem, { at, beneath: true })))

const isBetween = ({ path }: Reported, at: readonly string[], peer: string): boolean =>
  path !== undefined &&
  ((at.includes(path.from) && path.to === peer) || (at.includes(path.to) && path.from === peer))
