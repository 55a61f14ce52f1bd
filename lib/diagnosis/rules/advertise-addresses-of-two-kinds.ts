import { type OtherKindOfAddress, otherKindsOfAddress } from '../../topology/advertised.ts'
import { concerns } from '../concerns.ts'
import type { LabView, Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

/** A node advertises an address of another network than the rest, although it has one in theirs. */
export const advertiseAddressesOfTwoKinds: Rule = {
  code: 'advertise-addresses-of-two-kinds',
  title: 'A node advertises an address of another network than the rest',
  severity: ['cause', 'advice'],
  meaning:
    'Nodes of a swarm send VXLAN and ESP to the address that each advertises, and the kernel takes the source from its routes. A node that joined with its public or management address while the others have private ones sends from an address they do not expect, and theirs do not reach what it listens for. The node is Ready, for its manager is reached either way, and traffic between the two kinds is lost.',
  proof: [
    'The address that the node’s engine says it advertises (`docker info` there) is of another network than those of the rest. `docker node inspect` states of a worker where its connection comes from, which may be the right one',
    'The node has an address in the network of the rest, on another interface',
  ],
  silencedBy: [
    'All nodes advertise addresses of one network, whatever prefix lengths their interfaces have there',
    'The node has no address in the network of the others: networks may be routed to each other',
    'Gossip and data of all pairs arrive (CTL-03, CTL-04): then it is advice',
  ],
  remedy: [
    'Compare, on each node: `docker info --format "{{.Name}} {{.Swarm.NodeAddr}}"`',
    '`docker swarm leave` on the node, then join again with `--advertise-addr` its address in the network of the rest; a manager is demoted before',
    'Always name the interface: `docker swarm join --advertise-addr eth1 …`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/37536',
      says: 'After one worker had joined again with its private address, containers no longer reached those of nodes that advertised public ones.',
    },
    {
      url: 'https://github.com/docker-archive/classicswarm/issues/2687',
      says: 'Workers that had joined without naming an address advertised internal ones, and overlays did not route until each was told its public one.',
    },
  ],
  find: (lab) => otherKinds(lab).map((found) => draftOf(found, lab)),
  gravity: 68,
}

function otherKinds(lab: LabView): OtherKindOfAddress[] {
  const states = lab.kernelAfter ?? lab.kernelBefore ?? {}
  return otherKindsOfAddress(
    (lab.facts?.nodes ?? []).flatMap(({ name, role, advertise, advertised }) => {
      // Managers list a worker by where its connection comes from (swarmkit, dispatcher.go: nodeIPFromContext).
      const listed = lab.swarmObjects?.nodes.find(({ node }) => node === name)?.address ?? ''
      const stated = advertised || listed
      const held = states[name]?.root.links.flatMap((link) =>
        link.addresses
          .filter(({ family }) => family === 'inet')
          .map(({ address, prefixLength }) => ({ address, prefixLength, interface: link.name })),
      )
      return held === undefined
        ? []
        : [{ name, isManager: role === 'manager', advertised: stated || advertise.address, held }]
    }),
  )
}

function draftOf(found: OtherKindOfAddress, lab: LabView): Draft {
  const { node, advertised, interface: name, network, others, instead } = found
  // Gossip and data pass all the same: networks are routed to each other, or the data path has addresses of its own.
  const isHeard = lab.holds('CTL-03') && lab.holds('CTL-04')
  const explains = (problem: Reported): boolean =>
    !isHeard &&
    (problem.kind === 'missed' || problem.code === 'udp-probes-failed') &&
    /^(VXL|CTL|ENC|OVL|MTU|LB|DSC|ING|GWB|RES)/.test(problem.requirement) &&
    concerns(problem, node)
  return {
    title: `${node} advertises ${advertised}${name === undefined ? '' : ` (${name})`}, the others addresses of ${network}, where ${node} has ${instead.address} (${instead.interface})`,
    cause: `The other nodes send VXLAN, ESP and gossip for ${node} to ${advertised}, and what ${node} sends to them leaves by ${instead.interface} with the source ${instead.address}, which they do not know. ${node} is Ready all the same.`,
    remedy: [
      `On ${node}: \`docker swarm leave\`, then \`docker swarm join --advertise-addr ${instead.address} …\` as before`,
      'Compare, on each node: `docker info --format "{{.Name}} {{.Swarm.NodeAddr}}"`',
    ],
    nodes: [node],
    proof: [
      `${node}: advertises ${advertised}${name === undefined ? ', which no interface of it has' : `, which ${name} has`}`,
      `${node}: ${instead.interface} has ${instead.address}/${instead.prefixLength}`,
      `${others.join(', ')}: advertise addresses of ${network}`,
    ],
    severity: lab.problems().some(explains) ? 'cause' : 'advice',
    explains,
  }
}
