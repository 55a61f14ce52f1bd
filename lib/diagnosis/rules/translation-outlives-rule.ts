import type { ProblemCode } from '../../observation/codes.ts'
import type { HostState } from '../../observe/host-state.ts'
import { askedOf } from '../asked-places.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { isFirewallRead, mayBeElsewhere } from '../node-firewall.ts'
import type { Draft, Rule } from '../rule.ts'
import { isTranslated } from '../translations.ts'

const codes: readonly ProblemCode[] = ['data-on-other-port', 'data-path-port-differs']

/** VXLAN leaves for a port that no rule of its sender names: connection tracking keeps what a deleted one did. */
export const translationOutlivesRule: Rule = {
  code: 'translation-outlives-rule',
  title: 'VXLAN goes on to the port of a rule that was deleted: connection tracking keeps its way',
  severity: ['cause'],
  meaning:
    'A rule DNAT or REDIRECT is asked about the first packet of a connection, and connection tracking does the same to every later one. VXLAN between two nodes never pauses for as long as an entry lives, so that a rule which led it to another port works on for hours after it was deleted: the firewall looks right, and packets go where no engine listens.',
  proof: [
    'VXLAN of a node was recorded leaving for another UDP port than the swarm’s (VXL-01, CTL-08)',
    'Every VXLAN device of its overlays has the right port, so that it is translated behind them',
    'All rules of nat of the node were read, and none translates it',
  ],
  silencedBy: [
    'A rule translates it: `foreign-translation` names that',
    'A VXLAN device of an overlay has another port',
    'The rules of the node could not be read, or the other implementation of iptables may have some',
  ],
  remedy: [
    'End the entries: `conntrack -D -p udp --orig-port-dst 4789` on the node (package `conntrack`); `conntrack -L -p udp --orig-port-dst 4789` shows them before',
    'Where none is there something behind the firewall rewrites packets: `tc filter show dev INTERFACE egress`, `bpftool net`',
  ],
  reports: [],
  find: (lab) => nodesRead(lab).flatMap((node) => draftsOf(node, lab)),
  gravity: 141,
}

function draftsOf(node: string, lab: LabView): Draft[] {
  const [state] = statesOf(lab, node)
  const { dataPathPort } = lab.lab.topology.swarm
  const seen = lab.problems(...codes).filter(({ path }) => path?.from === node && path.to !== node)
  const [first] = seen
  if (state === undefined || first === undefined || !isTranslatedBehind(state, dataPathPort)) return []
  if (!isFirewallRead(state) || mayBeElsewhere(state, 'nat')) return []
  if (seen.some((problem) => isLedByRule(problem, node, lab))) return []
  const pairs = pathsOf(seen)
  const ports = [...new Set(seen.map(({ observed }) => observed))].join(' and ')
  const device = lab.facts?.nodes.find(({ name }) => name === node)?.dataPath.interface ?? 'INTERFACE'
  return [
    {
      title: `${node} sends VXLAN to UDP ${ports}, not ${dataPathPort}, and none of its rules leads it there: most likely connection tracking keeps the way of a rule that was deleted`,
      cause: `The overlays of ${node} send to UDP ${dataPathPort}, and what leaves has port ${ports}. No rule of ${node} translates it now. A rule that did is not asked again about connections that are tracked, and those of VXLAN last as long as tasks talk.`,
      remedy: [
        `On ${node}: \`conntrack -D -p udp --orig-port-dst ${dataPathPort}\` (package conntrack)`,
        `If it goes on, a program behind the firewall rewrites the port: \`tc filter show dev ${device} egress\`, \`bpftool net\``,
      ],
      nodes: [node],
      pairs,
      proof: [
        ...pairs.slice(0, 4).map(({ from, to }) => `${from} → ${to}: VXLAN left for UDP ${ports}`),
        `${node}: every VXLAN device of its overlays has UDP ${dataPathPort}, and no rule of nat translates what it sends`,
      ],
      explains: (problem) => seen.includes(problem) || isMissedBetween(problem, pairs, lab),
    },
  ]
}

function isTranslatedBehind({ namespaces }: HostState, port: number): boolean {
  const devices = Object.values(namespaces).flatMap(({ links }) => links.flatMap(({ vxlan }) => vxlan ?? []))
  return devices.length > 0 && devices.every((one) => one.port === port)
}

function isLedByRule(problem: Reported, node: string, lab: LabView): boolean {
  return askedOf(problem, lab).some(({ at }) =>
    at.some((place) => place.node === node && place.hook === 'output' && isTranslated(lab, place)),
  )
}

function isMissedBetween(
  { kind, path, network }: Reported,
  pairs: ReturnType<typeof pathsOf>,
  lab: LabView,
): boolean {
  return (
    kind === 'missed' &&
    path !== undefined &&
    lab.networkNamed(network)?.encrypted !== true &&
    pairs.some(
      ({ from, to }) => (from === path.from && to === path.to) || (from === path.to && to === path.from),
    )
  )
}
