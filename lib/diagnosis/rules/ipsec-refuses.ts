import { inWords } from '../in-words.ts'
import { nodesOf } from '../../observation/problem.ts'
import type { SecurityPolicy } from '../../observe/host-state.ts'
import { canEndAt } from '../ends.ts'
import { isDroppedOtherwise, type KernelDrop } from '../kernel-drops.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { nodesRead, risenOn, statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'

/** Why the kernel’s IPsec refuses what arrives, by the counter of /proc/net/xfrm_stat (Documentation/networking/xfrm_proc.rst). */
interface Refusal {
  readonly counter: string
  readonly why: string
  /** It meets packets of clear networks, too. */
  readonly clear?: true
}

const refusals: readonly Refusal[] = [
  { counter: 'xfrm.InNoStates', why: 'it has no state for their SPI' },
  { counter: 'xfrm.InStateProtoError', why: 'the key or algorithm it has for their SPI is another' },
  { counter: 'xfrm.InStateMismatch', why: 'the state that has their SPI is for other traffic' },
  { counter: 'xfrm.InStateInvalid', why: 'the state that has their SPI is not valid' },
  { counter: 'xfrm.InStateExpired', why: 'the state that has their SPI has expired' },
  { counter: 'xfrm.InStateSeqError', why: 'their sequence number is outside the window' },
  { counter: 'xfrm.InTmplMismatch', why: 'a policy wants them by another state', clear: true },
  { counter: 'xfrm.InNoPols', why: 'no policy admits them', clear: true },
  { counter: 'xfrm.InPolBlock', why: 'a policy blocks them', clear: true },
]

/** What arrives at a node is refused by its IPsec: the counter that rose says why. */
export const ipsecRefuses: Rule = {
  code: 'ipsec-refuses',
  title: 'IPsec of a node refuses what other nodes send',
  severity: ['cause'],
  meaning:
    'The engine writes the states that decrypt, and no policy for what comes in. States that something removed or replaced (another IPsec program that flushes at its start, or somebody by hand), or a policy of somebody else’s, make the kernel drop what arrives, with nothing but a counter to show for it.',
  proof: [
    'A counter of /proc/net/xfrm_stat for arriving packets rose meanwhile by at least as many as probes to and from the node were lost',
    'Each lost probe was between this node and another, on an encrypted network, or on any where a policy refuses',
  ],
  silencedBy: [
    'The counters did not move, or by less than what was lost: ESP of strangers raises them, too',
    'What was lost is seen to have ended elsewhere than on its way into this node',
    'The kernel counted as many packets as dropped for another reason, such as a filter of traffic control',
    'ESP never came to the node (CTL-07), or VXLAN did not (CTL-04) where clear networks are concerned',
    'Engines that derive other SPIs, or another outer source: those are said first',
  ],
  remedy: [
    'See which counter rises: `grep -v " 0$" /proc/net/xfrm_stat`',
    'Compare the SPI on the wire, `tcpdump -ni INTERFACE esp`, with `ip xfrm state`; `systemctl restart docker` on the node writes the engine’s states again',
    'Policies of somebody else: `ip xfrm policy`; remove them, or let strongSwan and libreswan leave the nodes’ addresses alone',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/30766',
      says: 'A maintainer’s way to find where encrypted packets end: is there an entry of `ip xfrm state` for the SPI that comes into this host.',
    },
    {
      url: 'https://github.com/cilium/cilium/pull/26808',
      says: 'Each of these counters is a packet that the kernel dropped; their documentation tells which operational mistakes raise which.',
    },
  ],
  find: (lab) => nodesRead(lab).flatMap((node) => draftsOf(lab, node)),
  gravity: 134,
}

function draftsOf(lab: LabView, node: string): Draft[] {
  const counted = refusals.flatMap((refusal) => {
    const risen = risenOn(lab, node, refusal.counter) ?? 0
    return risen === 0 ? [] : [{ ...refusal, risen }]
  })
  const [most] = counted.toSorted((a, b) => b.risen - a.risen)
  if (most === undefined) return []
  const accounts = (problem: Reported): boolean =>
    problem.kind === 'missed' &&
    nodesOf(problem).includes(node) &&
    canEndAt(problem, { at: node, way: 'arriving' }) &&
    (isEncrypted(problem, lab) ? lab.holds('CTL-07') : most.clear === true && lab.holds('CTL-04'))
  const lost = lab.problems('not-delivered').filter(({ path }) => path?.from !== path?.to)
  const accounted = lost.filter(accounts)
  if (accounted.length === 0 || most.risen < accounted.length) return []
  if (isDroppedOtherwise(lab, node, accounted.length, isOfIpsec)) return []
  const foreign = policiesIn(lab, node)
  const pairs = pathsOf(accounted)
  const peers = [...new Set(pairs.flatMap(({ from, to }) => [from, to]))].filter((name) => name !== node)
  return [
    {
      title: `IPsec of ${node} refuses what ${inWords(peers)} ${peers.length > 1 ? 'send' : 'sends'}: ${most.why} (${nameOf(most)} rose by ${most.risen})`,
      cause: `The packets come to ${node} and its kernel drops them before they reach VXLAN. The engine keeps the states that decrypt and makes no policy for what comes in: another program, or somebody by hand, changed them.`,
      remedy: [
        ...(most.clear === true
          ? [
              foreign.length === 0
                ? `On ${node}: \`ip xfrm policy\`: remove what is of direction \`in\``
                : `On ${node} remove the policy that is not the engine's: \`ip xfrm policy delete dir in ${selectorOf(foreign[0])}\``,
            ]
          : [
              `On ${node}: compare the SPI on the wire, \`tcpdump -ni INTERFACE esp\`, with \`ip xfrm state\``,
              `\`systemctl restart docker\` on ${node} writes the engine's states again`,
            ]),
        'Find who did it: strongSwan, libreswan or another IPsec program on the host, `ip xfrm monitor`',
      ],
      nodes: [node],
      pairs,
      networks: [...new Set(accounted.flatMap(({ network }) => network ?? []))],
      proof: [
        ...counted.map(
          (one) => `${node}: ${nameOf(one)} rose by ${one.risen} while requirements were verified`,
        ),
        ...foreign.map((policy) => `${node}: a policy for what comes in: ${selectorOf(policy)}`),
      ],
      counted: { at: node, packets: most.risen, way: 'arriving' },
      explains: (problem) =>
        accounts(problem) && nodesOf(problem).every((name) => name === node || peers.includes(name)),
    },
  ]
}

/** Strangers' ESP raises the same counters. */
const isOfIpsec = ({ reason, location }: KernelDrop): boolean =>
  /^XFRM_/.test(reason) || /^xfrm/.test(location)

const nameOf = ({ counter }: Refusal): string => counter.replace('xfrm.', 'Xfrm')

const isEncrypted = ({ network, protocol }: Reported, lab: LabView): boolean =>
  lab.networkNamed(network)?.encrypted ?? protocol === 'ESP'

/** The engine makes none of this direction. */
function policiesIn(lab: LabView, node: string): readonly SecurityPolicy[] {
  const [state] = statesOf(lab, node)
  return (state?.securityPolicies ?? []).filter(({ direction }) => direction === 'in')
}

/** As `ip xfrm policy` takes it. */
function selectorOf(policy: SecurityPolicy | undefined): string {
  if (policy === undefined) return 'SELECTOR'
  const { source, destination, protocol, destinationPort } = policy
  const port = destinationPort === undefined ? '' : ` dport ${destinationPort}`
  return `src ${source} dst ${destination}${protocol === '' ? '' : ` proto ${protocol}`}${port}`
}
