import { inWords } from '../in-words.ts'
import type { NodeFacts } from '../../observation/facts.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { HostState } from '../../observe/host-state.ts'
import { ruleFor } from '../../observe/policy-routing.ts'
import { routingDecision } from '../../observe/routing-decision.ts'
import { routesTo } from '../../observe/route.ts'
import { typedSetting } from '../../observe/settings.ts'
import { dataPathGone } from '../data-path-address.ts'
import { droppedFor } from '../kernel-drops.ts'
import type { LabView } from '../lab-view.ts'
import { nodesRead, risenOn, statesOf } from '../meanwhile.ts'
import { isAnsweredToAny, isUnanswered } from '../neighbours.ts'
import { networkOf } from '../../topology/cidr.ts'
import type { Draft, Rule } from '../rule.ts'

/** A node drops what another sends because its own way to that one is by another interface. */
export const reversePathFilterDrops: Rule = {
  code: 'reverse-path-filter-drops',
  title: 'The reverse path filter of a node drops what another node sends',
  severity: ['cause'],
  meaning:
    'With `rp_filter` = 1 the kernel takes a packet only by the interface that its own route to the sender leaves by. A node with two interfaces, or a route that leads to a peer by the wrong one, drops everything from that peer: captures show it arriving, and VXLAN, ESP and gossip get none of it. It does not answer the peer’s ARP either, so that after a while nothing leaves the peer.',
  proof: [
    'The kernel counted drops of the reverse path filter meanwhile: `TcpExt.IPReversePathFilter`, or the reason `IP_RPFILTER`; or the peer gets no answer to ARP for the node, which the same filter decides about, and some other node gets one',
    'The filter is strict at the interface of the underlay, by its own setting or that of all',
    'The node’s route to the peer leaves by another interface: in the table main, or in the table that a policy routing rule for its own address leads to',
    'Something was missed between the two',
  ],
  silencedBy: [
    'Routes to all peers leave by the interface of the underlay, or one of several equal ones does: such a counter rises for strangers’ packets, too',
    'A policy routing rule, which the filter asks as well, leads the way back to a table whose routes are not known, or by the interface of the underlay',
    'The filter is off, or loose (2), there',
    'The interface is down or lacks the data-path address: `data-path-address-gone` says that',
    'No such drop was counted, and no other node has the node’s hardware address either',
    'The peer has the node’s hardware address, and fewer such drops were counted than problems would follow from it',
  ],
  remedy: [
    'See the way back: `ip route get PEER-ADDRESS` must name the interface of the underlay; repair that route',
    'Or make the filter loose there: `sysctl -w net.ipv4.conf.INTERFACE.rp_filter=2`, and the same in `/etc/sysctl.d`',
    'Is it counting: `nstat -az TcpExtIPReversePathFilter`',
  ],
  reports: [
    {
      url: 'https://github.com/vmware/vic/issues/4613',
      says: 'Containers stayed in the starting state where routes were asymmetric, until the filter could be made loose.',
    },
    {
      url: 'https://github.com/containers/netavark/pull/962',
      says: 'Forwarded ports of containers in two networks were dropped by the strict filter, and the loose one was set.',
    },
    {
      url: 'https://github.com/moby/moby/issues/53004',
      says: 'Somebody saw the counter rise while overlays carried nothing, and found that the filter was not the cause: the count alone proves nothing.',
    },
  ],
  find: (lab) => nodesRead(lab).flatMap((node) => draftsOf(lab, node)),
  gravity: 49,
}

function draftsOf(lab: LabView, node: string): Draft[] {
  const [state] = statesOf(lab, node)
  const own = lab.facts?.nodes.find(({ name }) => name === node)
  if (state === undefined || own === undefined) return []
  const counted =
    risenOn(lab, node, 'TcpExt.IPReversePathFilter') ?? droppedFor(lab, node, 'IP_RPFILTER') ?? 0
  const { address, interface: device } = own.dataPath
  // Without it nobody gets an answer, whatever the filter does.
  if (dataPathGone(state, own.dataPath) !== undefined) return []
  const setting = strictBy(state, device)
  const stray = (lab.facts?.nodes ?? []).flatMap((peer) => strayPeer(state, own, peer))
  const unanswered = isAnsweredToAny(lab, node, address)
    ? stray.filter(({ name }) => isUnanswered(lab, name, address))
    : []
  const peers = counted > 0 ? stray : unanswered
  const [first] = peers
  if (setting === undefined || first === undefined) return []
  const who = peers.map(({ name }) => name)
  return [
    {
      title: `${node} drops all that ${inWords(who)} ${who.length > 1 ? 'send' : 'sends'}: ${setting} = 1, and ${
        first.table === undefined
          ? `its own route to ${first.address} leaves by ${first.by}`
          : `what ${address} answers follows table ${first.table}, which leaves by ${first.by}`
      }, not by ${device}`,
      cause: `The reverse path filter of ${node} takes a packet only by the interface that its route to the sender leaves by. What ${inWords(who)} ${who.length > 1 ? 'send' : 'sends'} comes by ${device} and is dropped there; a capture shows it, and neither overlays nor gossip get it. ARP is not answered either, so that soon the peer sends nothing at all.`,
      remedy: [
        ...(first.table === undefined
          ? []
          : [
              `On ${node}: \`ip route add ${blockOf(state, device, address)} dev ${device} table ${first.table}\`, and the same in whatever makes that table; \`ip rule\` shows what leads to it`,
            ]),
        `On ${node} let the route to ${first.address} leave by ${device}: \`ip route get ${first.address}\` shows which one is taken; \`ip route show to match ${first.address}\``,
        `Or, where the two ways are meant: \`sysctl -w ${typedSetting(`net.ipv4.conf.${device}.rp_filter`)}=2\`, and the same in \`/etc/sysctl.d\``,
      ],
      nodes: [node],
      pairs: who.map((from) => ({ from, to: node })),
      proof: [
        ...(counted === 0
          ? []
          : [`${node}: the reverse path filter dropped ${counted} packets while requirements were verified`]),
        ...unanswered.map(({ name }) => `${name}: ${node} does not answer its ARP for ${address}`),
        `${node}: ${setting} = 1`,
        ...peers.map(
          (peer) =>
            `${node}: the route to ${peer.address} of ${peer.name} leaves by ${peer.by}${peer.table === undefined ? '' : `: the default of table ${peer.table}, which a rule for ${address} leads to`}`,
        ),
      ],
      ...(unanswered.length > 0 ? {} : { counted: { at: node, packets: counted, way: 'arriving' as const } }),
      explains: (problem) => {
        const concerned = nodesOf(problem)
        return (
          problem.kind === 'missed' &&
          concerned.includes(node) &&
          (concerned.length === 1 || who.some((peer) => concerned.includes(peer)))
        )
      },
    },
  ]
}

/** The setting that makes the filter strict at an interface: the greater of its own and that of all counts. */
function strictBy({ root: { settings = {} } }: HostState, device: string): string | undefined {
  const names = [`net.ipv4.conf.${device}.rp_filter`, 'net.ipv4.conf.all.rp_filter']
  if (names.some((name) => settings[name] === '2')) return undefined
  return names.find((name) => settings[name] === '1')
}

interface StrayPeer {
  readonly name: string
  readonly address: string
  /** The interface that the route to it leaves by. */
  readonly by: string
  /** Where a policy routing rule leads the way back, unless it is main. */
  readonly table?: string
}

/** The filter asks policy routing rules, too, and is content with one of several equal routes. */
function strayPeer(state: HostState, own: NodeFacts, peer: NodeFacts): StrayPeer[] {
  const { address } = peer.dataPath
  if (peer.name === own.name || address.includes(':')) return []
  const asked = { protocol: 'udp', destination: address, fromHost: true, toHost: false, in: '', state: 'new' }
  const way = routingDecision(
    { ...state, refusingRoutes: state.refusingRoutes ?? [] },
    { to: address, from: own.dataPath.address, comesIn: 'lo', asked },
  )
  const table = way?.table ?? ruleFor(state.routingRules ?? [], own.dataPath.address, address)
  const devices = way?.routes.map(({ device }) => device) ?? devicesTo(state, table, address)
  const [by] = devices
  if (by === undefined || devices.includes(own.dataPath.interface)) return []
  return [{ name: peer.name, address, by, ...(table === 'main' || table === undefined ? {} : { table }) }]
}

/** In runs of before other tables were read, of those only the default is known, and no more of one that has none. */
function devicesTo(
  { root, routingTables = [] }: HostState,
  table: string | undefined,
  address: string,
): string[] {
  return table === 'main'
    ? routesTo(root.routes, address).map((route) => route.device)
    : (routingTables.find((one) => one.table === table)?.hops ?? []).map((hop) => hop.device)
}

/** The network that an interface has an address in. */
function blockOf({ root }: HostState, device: string, address: string): string {
  const link = root.links.find(({ name }) => name === device)
  const length = link?.addresses.find((one) => one.address === address)?.prefixLength ?? 32
  return networkOf(`${address}/${length}`)
}
