import type { ProblemCode } from '../../observation/codes.ts'
import { contains } from '../../topology/cidr.ts'
import { culprits, describePairs, type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { missesPackets } from '../missed-packets.ts'
import { routeTold, wayToPeer } from '../peer-routing.ts'
import type { Draft, Rule } from '../rule.ts'

const lost: readonly ProblemCode[] = ['data-lost-on-the-way']

/** Hosts reach each other, and VXLAN that leaves one does not come to the other: something between them drops it. */
export const dataPathPortBlocked: Rule = {
  code: 'data-path-port-blocked',
  title: 'The data-path port (UDP 4789) is blocked between hosts',
  severity: ['cause'],
  meaning:
    'VXLAN leaves one node and never comes to the other, although they reach each other otherwise: a security group, a firewall between the hosts, or a virtualisation layer that keeps the port for its own VXLAN. Tasks on these hosts cannot talk to each other, and the swarm looks healthy.',
  proof: [
    'Frames recorded leaving the first node’s data-path interface, and none of them on the second’s, for that ordered pair',
    'Where gossip by UDP passes between the same hosts, that is said too',
    'Where ESP of the same pairs is lost as well, it is one finding: whatever is between the hosts drops both',
  ],
  silencedBy: [
    'A single frame of the pair was seen arriving: then the way is open',
    'Frames that never left the sender: the fault is there, not between the hosts',
  ],
  remedy: [
    'Allow UDP 4789 (or the port of `docker info | grep "Data Path Port"`) between all nodes, in both directions',
    'See where it is lost: `tcpdump -ni any udp port 4789` on both ends',
    'If the layer below keeps the port: make the swarm again with `docker swarm init --data-path-port 7789`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/33416',
      says: 'The request for a configurable port: Alibaba’s classic network may block 4789, and vSphere NSX does.',
    },
    {
      url: 'https://github.com/docker-archive/classicswarm/issues/2687',
      says: 'Between nodes in an SDN 4789/udp did not pass, probably because the SDN uses the port itself.',
    },
  ],
  find: (lab) => blocked(lab, 'VXLAN'),
  gravity: 110,
}

/** VXLAN gets through, ESP does not: something between the hosts drops IP protocol 50. */
export const espBlocked: Rule = {
  code: 'esp-blocked',
  title: 'ESP (IP protocol 50) is blocked between hosts: only encrypted overlays are cut off',
  severity: ['cause'],
  meaning:
    'Clear VXLAN passes between the same hosts, ESP does not. ESP is an IP protocol of its own and has no ports, so rules that open 2377, 7946 and 4789 do not cover it, nor do “all TCP” and “all UDP”. It does not pass address translation either.',
  proof: [
    'ESP packets recorded leaving one node, none of them on the other, told by SPI and sequence number',
    'VXLAN between the same nodes is not reported to be lost (CTL-04)',
  ],
  silencedBy: [
    'Clear VXLAN of the same two nodes is lost as well, or never left: then it is not about ESP alone',
    'One ESP packet of the pair arrived',
  ],
  remedy: [
    'Allow protocol number 50 between all nodes, in security groups and on hosts: `iptables -I INPUT -p esp -s SUBNET -j ACCEPT`',
    'See it: `tcpdump -ni any esp` on both ends',
    'With address translation between the hosts: connect them by a VPN and advertise its addresses, `--advertise-addr`',
  ],
  reports: [
    {
      url: 'https://github.com/docker/docs/issues/8640',
      says: 'Days of searching until a firewall was found to drop ESP, which the page on overlays did not mention.',
    },
    {
      url: 'https://github.com/moby/moby/issues/26523',
      says: 'Services on an encrypted network were not found; ufw allowed 2377, 7946 and 4789, and the tutorial had not mentioned ESP.',
    },
    {
      url: 'https://github.com/moby/moby/issues/25266',
      says: 'A reminder to somebody with “all ports” open: that is about TCP, and ESP is a protocol beside it.',
    },
    {
      url: 'https://github.com/moby/moby/issues/37115',
      says: 'Encrypted overlays carried nothing through the address translation of AWS and Google on kernels after 4.4.',
    },
  ],
  find: (lab) => blocked(lab, 'ESP'),
  gravity: 120,
}

function blocked(lab: LabView, protocol: 'VXLAN' | 'ESP'): Draft[] {
  const problems = lab
    .problems(...lost)
    .filter(
      (problem) => problem.protocol === protocol && (protocol === 'VXLAN' || isOfEspAlone(problem, lab)),
    )
  if (problems.length === 0) return []
  const alike =
    protocol === 'ESP'
      ? []
      : lab
          .problems(...lost)
          .filter((one) => one.protocol === 'ESP' && problems.some((other) => isSamePair(one, other)))
  const [pairs, alikePairs] = [pathsOf(problems), pathsOf(alike)]
  const nodes = culprits(pairs, lab.nodeNames, lab.facts)
  const networks = [...new Set(problems.flatMap(({ network }) => network ?? []))]
  const { dataPathPort } = lab.lab.topology.swarm
  const gossips = lab.holds('CTL-03')
    ? ' The same hosts exchange gossip on 7946/udp, so they reach each other by UDP.'
    : ''
  const words =
    protocol === 'VXLAN'
      ? {
          title: `UDP ${dataPathPort} (VXLAN)${alike.length > 0 ? ' and ESP (IP protocol 50) are' : ' is'} blocked between hosts: ${describePairs(nodes, pairs)}`,
          cause: `Frames to UDP ${dataPathPort}${alike.length > 0 ? ', and ESP of encrypted networks,' : ''} leave their host and never come to the other.${gossips} That is a security group, a firewall between the hosts, or a provider network that keeps this port for its own VXLAN. Tasks on these hosts cannot reach each other, although the swarm looks healthy.`,
          remedy: [
            `Allow UDP ${dataPathPort}${alike.length > 0 ? ' and IP protocol 50 (which "all UDP" does not include)' : ''} between all nodes, in both directions, in the security groups and firewalls between them`,
            `See where it gets lost: \`tcpdump -ni any udp port ${dataPathPort}\` on both ends; it leaves one and never arrives`,
            'If the provider keeps the port for itself, make the swarm again with another: `docker swarm init --data-path-port 7789`',
          ],
        }
      : {
          title: `ESP (IP protocol 50) is blocked between hosts: only encrypted overlays are cut off: ${describePairs(nodes, pairs)}`,
          cause:
            'Clear VXLAN passes between the same hosts, ESP does not. ESP is an IP protocol of its own and has no ports, so rules that open 2377, 7946 and 4789 do not cover it. It does not pass address translation either.',
          remedy: [
            'Allow protocol 50 between all nodes: in a cloud a rule for protocol number 50 in the security group; "all TCP" and "all UDP" do not include it',
            'On hosts: `iptables -I INPUT -p esp -s SUBNET -j ACCEPT`, or with ufw a rule `proto esp`',
            'If there is address translation between the hosts, encrypted overlays cannot work there: connect the hosts by a VPN and advertise its addresses',
          ],
        }
  const remedy = [...viaOthers(lab, pairs), ...words.remedy]
  return [
    {
      ...{ ...words, remedy },
      ...{ nodes, pairs, networks },
      proof: [...problems, ...alike].map(
        (problem) =>
          `${problem.path?.from} → ${problem.path?.to}: ${problem.expected ?? 'some'} ${problem.protocol} packets left, none arrived`,
      ),
      explains: (problem) =>
        explainsLoss(problem, lab, protocol, pairs) ||
        (alike.length > 0 && explainsLoss(problem, lab, 'ESP', alikePairs)),
    },
  ]
}

/** Nodes of one network that reach each other by a gateway all the same: that one may drop it. */
function viaOthers(lab: LabView, pairs: readonly { readonly from: string; readonly to: string }[]): string[] {
  const { nodes = [] } = lab.facts ?? {}
  return pairs.flatMap(({ from, to }) => {
    const [state] = statesOf(lab, from)
    const address = nodes.find(({ name }) => name === to)?.dataPath.address
    if (state === undefined || address === undefined) return []
    const way = wayToPeer(lab, state, from, address)
    const [route] = way?.routes ?? []
    const isNear = state.root.links.some(
      ({ name, addresses }) =>
        name === route?.device &&
        addresses.some(
          (one) => one.family === 'inet' && contains(`${one.address}/${one.prefixLength}`, address),
        ),
    )
    if (route?.gateway === undefined || !isNear) return []
    const { gateway } = route
    const hop = nodes.find(({ advertise, dataPath }) =>
      [advertise.address, dataPath.address].includes(gateway),
    )
    return [
      `On ${from}: ${to} is in its own network, and it sends by ${gateway}${hop === undefined ? '' : ` (${hop.name})`}: unless that is meant, \`ip route del ${routeTold(route)}${way?.table === undefined || way.table === 'main' ? '' : ` table ${way.table}`}\`; if it is, look at what ${hop?.name ?? gateway} drops: \`iptables -nvL FORWARD\` there`,
    ]
  })
}

function isSamePair({ path }: Reported, other: Reported): boolean {
  return (
    path !== undefined &&
    [path.from, path.to].every((end) => end === other.path?.from || end === other.path?.to)
  )
}

/** VXLAN of the two is neither lost nor missing from the start. */
function isOfEspAlone(problem: Reported, lab: LabView): boolean {
  return !lab.everyProblem.some(
    (one) =>
      one.protocol === 'VXLAN' &&
      (lost.includes(one.code) || one.code === 'data-never-left') &&
      isSamePair(problem, one),
  )
}

/** Gossip and management, which travel between the same nodes and are no data. */
const isOfControl = ({ requirement, code }: Reported): boolean =>
  /^CTL-/.test(requirement) && !code.startsWith('data-') && code !== 'no-esp-left'

/** Whatever was missed between the same two nodes on such a network, in either direction: answers are lost as well. */
function explainsLoss(
  problem: Reported,
  lab: LabView,
  protocol: 'VXLAN' | 'ESP',
  pairs: readonly { readonly from: string; readonly to: string }[],
): boolean {
  const { path, requirement } = problem
  if (!missesPackets(problem) || isOfControl(problem)) return false
  const encrypted = problem.protocol === 'ESP' || lab.networkNamed(problem.network)?.encrypted === true
  if (encrypted !== (protocol === 'ESP')) return false
  if (path !== undefined)
    return pairs.some(
      ({ from, to }) => (from === path.from && to === path.to) || (from === path.to && to === path.from),
    )
  return /^(OVL|VXL|MTU|DSC|LB|ING|ENC)/.test(requirement)
}
