import { inWords } from '../in-words.ts'
import { clear, type DropPlace, dropPlaceOf, encrypted, isCarriedBy } from '../drop-place.ts'
import { describeDrop, type KernelDrop } from '../kernel-drops.ts'
import type { LabView } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import { missesPackets } from '../missed-packets.ts'
import type { Draft, Rule } from '../rule.ts'

/**
 * What other nodes send is seen on the wire of one, and no task there gets it: the node itself drops it. Where a rule of
 * its firewall shows it, `host-firewall-drops` has said so before.
 */
export const arrivesUndelivered: Rule = {
  code: 'arrives-undelivered',
  title: 'VXLAN or ESP arrives at a node and is not delivered there',
  severity: ['cause'],
  meaning:
    'The packets of other nodes are on the wire of this node and its tasks get none of them, while the other nodes reach each other. Whatever drops them is on the node itself: its firewall, a filter of traffic control, a VXLAN device that does not expect their source, or an overlay that is not set up. Where the kernel gives its reason (Linux 5.17 and later) it is named; a rule that counted them would have been said before.',
  proof: [
    'Packets of every ordered pair of nodes were seen leaving and arriving: VXLAN (CTL-04) for clear networks, ESP (CTL-07) for encrypted ones',
    'Probes to or from this node were not delivered, and those between the others were',
    'Where frames were followed: on which node a probe, or the answer to it, was seen last',
    'Where the other implementation of iptables has tables on the node, which are not read (`iptables-legacy` beside `iptables-nft`), that they may hold the rule',
    'Where kernels counted their drops: the reason and the function by which this one dropped at least as many packets as probes were lost at it, and many more than nodes that are not concerned',
  ],
  silencedBy: [
    'CTL-04, or CTL-07 for encrypted networks, does not hold or was not verified',
    'The pairs that fail do not point to particular nodes, and no kernel’s drops do',
    'Most of what was lost was last seen leaving a host: then it ends between the hosts',
    'A graver finding has explained them, such as `host-firewall-drops`',
  ],
  remedy: [
    'A rule that drops UDP 4789 or ESP: `iptables -nvL INPUT`, `nft list ruleset`, `iptables-legacy -nvL`',
    'A filter before that: `tc -s filter show dev INTERFACE ingress`, `ip link show dev INTERFACE` for XDP',
    'The kernel’s own reason: `perf trace -e skb:kfree_skb`, or `dropwatch -l kas`',
    'Does the VXLAN device count what comes in: `nsenter --net=/run/docker/netns/1-NETWORK ip -s link`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/53004',
      says: 'Frames arrived intact and the VXLAN device received none; the kernel’s reason VXLAN_ENTRY_EXISTS in vxlan_rcv told why.',
    },
    {
      url: 'https://github.com/moby/libnetwork/issues/2446',
      says: 'Behind NAT tcpdump on the host showed the replies, and the overlay’s namespace got none of them.',
    },
  ],
  find(lab) {
    const seen = [clear, encrypted].flatMap((carried) => dropPlaceOf(carried, lab) ?? [])
    const [first, second] = seen
    if (first === undefined) return []
    // One thing that drops both is one finding.
    return second !== undefined && first.nodes.join() === second.nodes.join()
      ? [draftOf([first, second], lab)]
      : seen.map((place) => draftOf([place], lab))
  },
  gravity: 153,
}

function draftOf(places: readonly [DropPlace, ...DropPlace[]], lab: LabView): Draft {
  const [{ nodes, drops: first }] = places
  const names = inWords(nodes)
  const what = places.map(({ carried }) => carried.name(lab)).join(' and ')
  const drops = places.length === 1 ? first : commonTo(places)
  const [most] = drops.toSorted((a, b) => b.count - a.count)
  const pairs = [
    ...new Map(
      places.flatMap((place) => place.pairs.map((pair) => [`${pair.from} ${pair.to}`, pair] as const)),
    ).values(),
  ]
  const undelivered = places.flatMap((place) => place.undelivered)
  const unread = most === undefined || most.reason === 'NETFILTER_DROP' ? unreadTables(nodes, lab) : []
  const does = places.length === 1 ? 'arrives at' : 'arrive at'
  const verb = places.length === 1 ? 'is' : 'are'
  return {
    title: `${what} ${does} ${names} and ${verb} not delivered there${most === undefined ? '' : `: dropped by ${most.meaning.by} (${most.reason})`}${unread.length === 0 ? '' : '; rules of iptables-legacy there were not read'}`,
    cause:
      most === undefined
        ? `Captures on ${names} show the packets that other nodes send, and its tasks get none of them; the other nodes reach each other. What drops them is on ${names} itself: its firewall, a filter of traffic control, or an overlay that is not set up there. No rule that counted them was found.`
        : `Captures on ${names} show the packets that other nodes send, and its tasks get none of them. The kernel of ${most.node} says why it dropped ${most.count} packets meanwhile, in ${most.location}: ${most.reason}. They are dropped by ${most.meaning.by}.`,
    remedy: [
      ...unread.map(
        ({ node, tables }) =>
          `On ${node}: \`iptables-legacy-save -c | grep -E "DROP|REJECT"\`: what its tables ${tables.join(', ')} hold decides as well, and \`iptables -S\` does not show it`,
      ),
      ...(most === undefined
        ? []
        : [
            `On ${most.node} look: ${most.meaning.look.replaceAll('INTERFACE', interfaceOf(most.node, lab))}`,
          ]),
      ...(most === undefined
        ? [
            `On ${names}: \`iptables -nvL INPUT\`, \`nft list ruleset\`, \`iptables-legacy -nvL\`, \`tc -s filter show dev ${interfaceOf(nodes[0] ?? '', lab)} ingress\`: what drops ${what}`,
          ]
        : []),
      `\`docker network inspect NETWORK\` there, and \`nsenter --net=/run/docker/netns/1-NETWORK ip -s link\`: does the VXLAN device count what comes in`,
    ],
    ...{ nodes, pairs },
    networks: [...new Set(undelivered.flatMap(({ network }) => network ?? []))],
    proof: [
      ...places.map(
        ({ carried }) =>
          `${carried.arrives}: ${carried.name(lab)} of every ordered pair of nodes was seen leaving one and arriving at the other`,
      ),
      `${undelivered.length} probes between ${pairs.length} ordered pairs of nodes were not delivered, each to or from ${names}`,
      ...nodes.flatMap((node) => followedTo(node, undelivered)),
      ...drops.map(describeDrop),
      ...unread.map(
        ({ node, tables }) =>
          `${node}: iptables-legacy has ${tables.join(', ')}, the engine writes with iptables-nft`,
      ),
    ],
    explains: (problem) =>
      missesPackets(problem) &&
      places.some(({ carried }) => isCarriedBy(problem, lab, carried)) &&
      nodes.some((name) => name === problem.path?.from || name === problem.path?.to || name === problem.node),
  }
}

/** Tables of iptables-legacy beside those that were read, which may hold what drops. */
function unreadTables(
  nodes: readonly string[],
  lab: LabView,
): { readonly node: string; readonly tables: readonly string[] }[] {
  return nodes.flatMap((node) => {
    const [state] = statesOf(lab, node)
    const { backend, legacyTables = [] } = state?.firewallBackend ?? {}
    const tables = legacyTables.filter((table) => table !== 'nat')
    return backend === 'nft' && tables.length > 0 ? [{ node, tables }] : []
  })
}

function interfaceOf(node: string, { facts }: LabView): string {
  return facts?.nodes.find(({ name }) => name === node)?.dataPath.interface ?? 'INTERFACE'
}

/** How many probes and answers were seen on a node last. */
function followedTo(node: string, undelivered: DropPlace['undelivered']): string[] {
  const asked = undelivered.filter(({ reached, path }) => reached === 'receiver' && path?.to === node).length
  const back = undelivered.filter(({ reached, path }) => reached === 'returned' && path?.from === node).length
  return asked + back === 0
    ? []
    : [`${node}: ${asked} of them arrived and no answer left, ${back} answers to its own arrived`]
}

/** Each once; a reason that tells of one of two only is told, too. */
function commonTo(places: readonly DropPlace[]): KernelDrop[] {
  const all = places.flatMap(({ drops }) => drops)
  return [...new Map(all.map((drop) => [`${drop.node} ${drop.reason} ${drop.location}`, drop])).values()]
}
