import type { NodeFacts } from '../../observation/facts.ts'
import { concerns } from '../concerns.ts'
import { type DataPathGone, dataPathGone } from '../data-path-address.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { wrongSources } from '../outer-sources.ts'
import type { Draft, Rule } from '../rule.ts'

/** The interface that carries a node’s VXLAN and ESP is down, or has another address than the one the swarm knows. */
export const dataPathAddressGone: Rule = {
  code: 'data-path-address-gone',
  title: 'A node no longer has its data-path address: the interface is down, or the address is not on it',
  severity: ['cause'],
  meaning:
    'An engine keeps the address it joined with, and the other nodes go on sending VXLAN and ESP there, and gossip where it is the advertise address, too. When the interface is down, a lease ended or brought another address, or a bridge or bond took the interface over, nobody answers at that address: other nodes get no answer to ARP, and what the node itself sends leaves by another interface or not at all. Tasks go on running.',
  proof: [
    'The interface that has the node’s data-path address by the facts of the run is down, is not there, or lacks this address, by the last reading of the kernel',
    'Something was missed to or from this node',
  ],
  silencedBy: [
    'The interface is up and has the address',
    'The address is on another interface, and packets of the node were recorded with another source: `other-outer-source` says that',
    'Nothing was missed at this node beside its gateway and what stays within it',
  ],
  remedy: [
    'Look: `ip -br addr`, `ip -br link`; when it was lost: `journalctl -k | grep INTERFACE`, and the log of the DHCP client or of the network manager',
    'Bring it back: `ip link set INTERFACE up`, `ip addr add ADDRESS/LENGTH dev INTERFACE`; and keep it, with a fixed address or a reserved lease',
    'An address that will not come back: `docker swarm leave` on the node, and join again with `--advertise-addr` and `--data-path-addr`',
  ],
  reports: [
    {
      url: 'https://github.com/docker-archive/classicswarm/issues/2933',
      says: 'After DHCP gave a host another address the swarm went on advertising the old one, and the overlays were broken.',
    },
    {
      url: 'https://github.com/moby/libnetwork/issues/1479',
      says: 'A maintainer writes that overlays would have to be changed before addresses of nodes may change.',
    },
  ],
  find: (lab) =>
    nodesRead(lab).flatMap((node) => {
      const facts = lab.facts?.nodes.find(({ name }) => name === node)
      const [state] = statesOf(lab, node)
      const gone =
        facts === undefined || state === undefined ? undefined : dataPathGone(state, facts.dataPath)
      return facts === undefined || gone === undefined || isSeenToUseAnother(lab, node, gone)
        ? []
        : [draftOf(facts, gone)]
    }),
  gravity: 46,
}

/** A host answers for the address of any of its interfaces: then its own source is what is wrong. */
function isSeenToUseAnother(lab: LabView, node: string, { elsewhere }: DataPathGone): boolean {
  return elsewhere?.up === true && wrongSources(lab).some((wrong) => wrong.node === node)
}

function draftOf({ name: node, dataPath, advertise }: NodeFacts, gone: DataPathGone): Draft {
  const { address, interface: device } = dataPath
  const { kind, elsewhere } = gone
  const what = describe(gone, dataPath)
  const gossip = advertise.address === address ? ' and gossip' : ''
  const prefix = kind === 'no-interface' || elsewhere === undefined ? undefined : prefixOf(elsewhere, address)
  return {
    title: `${node} no longer has ${address}, its data-path address: ${what}`,
    cause: `The other nodes send VXLAN, ESP${gossip} for ${node} to ${address}, the address it joined with, and ${
      elsewhere === undefined
        ? 'nobody answers there: they get no answer to ARP for it'
        : `that is on ${elsewhere.name} now, which they may not reach`
    }. What ${node} itself sends leaves by whatever other route there is, or not at all. Its tasks go on running.`,
    remedy: [
      ...(kind === 'no-interface'
        ? [
            `On ${node}: \`ip -br link\` shows which interfaces there are; find out what took ${device} away or renamed it`,
          ]
        : []),
      ...(kind === 'down'
        ? [
            `On ${node}: \`ip link set ${device} up\`, and \`journalctl -k | grep ${device}\` for when it went down`,
          ]
        : []),
      ...(kind !== 'no-interface' && elsewhere !== undefined
        ? [
            `On ${node}, unless ${elsewhere.name} is meant to have it: \`ip addr del ${address}/${prefix} dev ${elsewhere.name}\` and \`ip addr add ${address}/${prefix} dev ${device}\`, not over a connection that uses it`,
          ]
        : []),
      ...(kind === 'no-address' && elsewhere === undefined
        ? [
            `On ${node}: \`ip addr add ${address}/LENGTH dev ${device}\`, with the prefix length of its network, and find out why it was lost: a lease that ended, a network manager`,
          ]
        : []),
      `See that it is back: \`ip -br addr show to ${address}\` on ${node}`,
      `If it will not come back: \`docker swarm leave\` on ${node}, and join again with --advertise-addr and --data-path-addr`,
    ],
    nodes: [node],
    proof: [`${node}: ${what}`],
    explains: (problem) => isConsequence(problem, node),
  }
}

function describe(
  { kind, link, elsewhere }: DataPathGone,
  { address, interface: device }: NodeFacts['dataPath'],
): string {
  const family = address.includes(':') ? 'inet6' : 'inet'
  // Every interface gives itself a link-local address.
  const left = (link?.addresses ?? []).filter(
    (one) => one.family === family && !one.address.startsWith('fe80:'),
  )
  const here = {
    'no-interface': `there is no ${device}`,
    down: `${device} is down`,
    'no-address':
      left.length === 0
        ? `${device} has no ${family === 'inet' ? 'IPv4' : 'IPv6'} address`
        : `${device} has ${left.map((one) => one.address).join(' and ')}`,
  }[kind]
  return elsewhere === undefined ? here : `${here}, and ${elsewhere.name} has it`
}

const prefixOf = (
  { addresses }: NonNullable<DataPathGone['elsewhere']>,
  address: string,
): number | undefined => addresses.find((one) => one.address === address)?.prefixLength

/** What was missed between it and others; containers get out by the gateway bridge and whatever other interface. */
function isConsequence(problem: Reported, node: string): boolean {
  const { kind, path, requirement } = problem
  const staysWithin = path !== undefined && path.from === path.to
  return kind === 'missed' && concerns(problem, node) && !staysWithin && !/^(GWB|RES)-/.test(requirement)
}
