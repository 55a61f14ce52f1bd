import { inWords } from '../in-words.ts'
import { taskName } from '../../observation/facts.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { type WrongSource, wrongSources } from '../outer-sources.ts'
import { statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'
import { straysOn } from './peer-by-another-interface.ts'

/**
 * A node sends VXLAN, ESP or gossip from another address than the one the others know it by: seen in any recording, or
 * reported of one.
 */
export const otherOuterSource: Rule = {
  code: 'other-outer-source',
  title: 'A node sends VXLAN, ESP or gossip from an address the other nodes do not know it by',
  severity: ['cause'],
  meaning:
    'The kernel takes the source of outer packets from its routes, not from what the swarm advertises. A second address on the interface, a routed loopback address, a route with `src` or a NAT rule makes it another one. The other nodes expect the data-path address for VXLAN and ESP, and the advertise address for gossip: they drop the frames, encryption made for that address does not match them, and gossip that is answered elsewhere counts as lost.',
  proof: [
    'Packets of VXLAN, ESP or UDP 7946 that were recorded as they left the node for another, with another source than its data-path or advertise address; the first is named by capture file and number',
    'VXLAN packets whose inner source is an endpoint on the node and whose outer source is not its data-path address, on whichever side they were recorded (VXL-02)',
    'The interface that has this address, where one has; else something rewrites it',
  ],
  silencedBy: [
    'Every packet that was recorded leaving the node for another has the source they know it by',
    'The source is an address of a third node: this one passes on what that one sent',
    'Only outer destinations are wrong: that is a forwarding entry, not the source',
    'A route leads to these nodes by the interface that has the address, and another interface is in their network: `peer-by-another-interface` says so',
  ],
  remedy: [
    '`ip route get OTHER-NODE` shows the source that is taken; `ip -br addr` and `ip route` show why',
    'Remove the address, `ip addr del ADDRESS dev INTERFACE`, or give it the prefix length /32 so that no route prefers it',
    '`iptables -t nat -S POSTROUTING`: exempt UDP to the data-path port from translation',
    'Or advertise the address that is used: let the node leave and join again with `--advertise-addr` and `--data-path-addr`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/53004',
      says: 'With a loopback or a secondary address as data-path address the kernel chose the primary one, and the VXLAN devices of the other nodes dropped every frame.',
    },
  ],
  find(lab) {
    const seen = [...wrongSources(lab).filter((one) => !isOfAnotherWay(one, lab)), ...reported(lab)]
    const nodes = [...new Set(seen.map(({ node }) => node))]
    return nodes.map((node) =>
      draftOf(
        node,
        seen.filter((one) => one.node === node),
        lab,
      ),
    )
  },
  gravity: 70,
}

/** A route leads to these nodes by the interface that has the address: `peer-by-another-interface` says so. */
function isOfAnotherWay({ node, source, to }: WrongSource, lab: LabView): boolean {
  const strays = straysOn(lab, node)
  const [state] = statesOf(lab, node)
  const holder = state?.root.links.find(({ addresses }) =>
    addresses.some(({ address }) => address === source),
  )
  return (
    holder !== undefined &&
    to.every((name) => strays.some(({ peer, route }) => peer.name === name && route.device === holder.name))
  )
}

interface Seen extends Pick<WrongSource, 'node' | 'traffic' | 'source' | 'expected'> {
  readonly packets?: number
  readonly file?: string
  readonly index?: number
}

/** Of runs whose recordings are not there any more. */
function reported(lab: LabView): Seen[] {
  return lab.problems('outer-address-differs').flatMap(({ subject, node, observed, expected }) =>
    subject !== 'source' || node === undefined
      ? []
      : [
          {
            ...({
              node,
              traffic: 'VXLAN',
              source: String(observed),
              expected: String(expected ?? ''),
            } as const),
          },
        ],
  )
}

function draftOf(node: string, seen: readonly Seen[], lab: LabView): Draft {
  const sources = [...new Set(seen.map(({ source }) => source))]
  const expected = seen[0]?.expected ?? ''
  const traffic = [...new Set(seen.map((one) => one.traffic))]
  const state = (lab.kernelAfter ?? lab.kernelBefore)?.[node]
  const device = state?.root.links.find(({ addresses }) =>
    addresses.some(({ address }) => sources.includes(address)),
  )
  const held = device?.addresses.find(({ address }) => sources.includes(address))
  const where =
    device === undefined || held === undefined
      ? 'no interface of it has that address, so something on the way or a NAT rule rewrites it'
      : `${device.name} has it as ${held.address}/${held.prefixLength}`
  const peer = lab.facts?.nodes.find(({ name }) => name !== node)?.dataPath.address ?? 'OTHER-NODE'
  const counted = seen.filter(({ packets }) => packets !== undefined)
  return {
    title: `${node} sends ${inWords(traffic)} from ${inWords(sources)}, not from ${expected}, the address the other nodes expect`,
    cause: `The kernel of ${node} takes another source address for packets to the other nodes: ${where}. A second address with a longer prefix, a route with \`src\`, or a NAT rule does that. The other nodes expect its frames from ${expected}; encryption is made for ${expected} alone, so that what leaves from another address is not encrypted, and gossip that is answered elsewhere counts as lost.`,
    remedy: [
      ...(device === undefined || held === undefined
        ? [
            `On ${node}: \`iptables -t nat -S POSTROUTING\` lists the rules that may rewrite it; exempt UDP to the data-path port`,
          ]
        : !device.addresses.some(({ address }) => address === expected)
          ? // It may be how the host is reached.
            [
              `On ${node}: ${expected} is on another interface than ${device.name}: let routes to the other nodes take it, \`ip route replace ${peer} dev INTERFACE src ${expected}\``,
            ]
          : [
              `On ${node}, unless something else needs the address: \`ip addr del ${held.address}/${held.prefixLength} dev ${device.name}\`, or give it the prefix length /32`,
            ]),
      `\`ip route get ${peer}\` on ${node} shows the source that is taken; \`ip addr\` and \`ip route\` show why`,
      `Or advertise the address that is used: \`docker swarm leave\` and join again with --advertise-addr and --data-path-addr`,
    ],
    nodes: [node],
    networks: [
      ...new Set(
        lab
          .problems('outer-address-differs')
          .filter((problem) => problem.node === node)
          .flatMap(({ network }) => network ?? []),
      ),
    ],
    proof: [
      ...(counted.length > 0 ? counted : seen.slice(0, 3)).map(
        ({ traffic: one, source, packets, file, index }) =>
          packets === undefined
            ? `${node}: ${one} with the outer source ${source}, expected ${expected}`
            : `${node}: ${packets} packets of ${one} left with the source ${source}, expected ${expected} (first: packet ${index} of ${file})`,
      ),
      ...(device === undefined ? [] : [`${node}: ${where}`]),
    ],
    explains: (problem) =>
      // Frames of the overlays are not gossip: theirs may go astray for another reason.
      (traffic.some((one) => one !== 'gossip') && isOf(problem, node, lab)) ||
      (traffic.includes('gossip') &&
        (isGossiped(problem) || (problem.requirement.startsWith('CTL') && isOf(problem, node, lab)))),
  }
}

/** At the node, to or from it, about a task of it, or about a service that has one there. */
function isOf(
  { node: place, path, subject, service, requirement }: Reported,
  node: string,
  lab: LabView,
): boolean {
  if (!/^(VXL|CTL|ENC|OVL|MTU|LB|DSC|ING|GWB|RES)/.test(requirement)) return false
  if (place === node || path?.from === node || path?.to === node) return true
  const tasks = (lab.facts?.tasks ?? []).filter((task) => task.node === node)
  return tasks.some((task) => taskName(task) === subject || task.service === service)
}

/** What nodes learn of each other by gossip, on whichever node it is missing. */
function isGossiped({ requirement }: Reported): boolean {
  return /^(CTL-03|CTL-10|VXL-06|DSC-|LB-0[1-4])/.test(requirement)
}
