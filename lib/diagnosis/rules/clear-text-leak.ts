import type { ProblemCode } from '../../observation/codes.ts'
import { inWords } from '../in-words.ts'
import { isOfClearTextArriving } from '../clear-text-arrivals.ts'
import { type LabView, pathsOf, placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Packets of an encrypted overlay were seen on the wire in clear. */
export const clearTextLeak: Rule = {
  code: 'clear-text-leak',
  title: 'Traffic of an encrypted overlay leaves a node in clear text',
  severity: ['cause'],
  meaning:
    'The engine marks packets of an encrypted network by a firewall rule, and an IPsec policy encrypts what is marked. If the rule does not match or the policy is gone they are sent as they are: it fails open. Treat what crossed the network as disclosed.',
  proof: [
    'Plain VXLAN frames with the VNI of an encrypted network, recorded as they left the node',
    'Or the known payload of a probe of that network, readable on the wire',
  ],
  silencedBy: [
    'No clear frame was seen, and the same capture saw its canaries and the frames of a clear twin',
    'Clear frames that `encryption-for-wrong-address` has already explained',
  ],
  remedy: [
    'Move secrets off this network until it is repaired, and change those that crossed it',
    '`iptables -t mangle -S OUTPUT` on the sender: a rule for the VNI that sets the mark 0xd0c4e3',
    '`ip xfrm policy` on the sender: an outbound policy for every peer, with the same mark',
    '`modprobe xt_bpf` (`xt_u32` before engine 24), then restart the engine; upgrade those before 20.10.24 and 23.0.3',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/43382',
      says: 'RHEL 8 and its kin leave xt_u32 out of the default kernel package, RHEL 9 does not build it.',
    },
    {
      url: 'https://github.com/coreos/fedora-coreos-tracker/issues/1111',
      says: 'After a kernel update the engine could not add its security associations, and tcpdump showed pings of an encrypted network as plain VXLAN.',
    },
    {
      url: 'https://github.com/microsoft/WSL/issues/10029',
      says: 'A maintainer on CVE-2023-28841: where the kernel lacks the match, engines before 20.10.24 and 23.0.3 went on without encryption and said nothing.',
    },
  ],
  find(lab) {
    const leaks = lab.problems('clear-text-left', 'payload-readable')
    if (leaks.length === 0) return []
    const pairs = pathsOf(leaks)
    const nodes = [...new Set([...pairs.map(({ from }) => from), ...leaks.flatMap(({ node }) => node ?? [])])]
    const senders = nodes.length > 0 ? nodes : placesOf(leaks)
    return [
      {
        title: `Traffic of an encrypted overlay leaves ${inWords(senders)} in clear text`,
        cause:
          'Frames of a network created with `--opt encrypted` were recorded on the wire without ESP. The engine marks such packets by a firewall rule and encrypts what is marked by an IPsec policy; if the rule does not match (no `xt_bpf` or `xt_u32`, rules flushed or shadowed) or the policy is gone, they are sent as they are. It fails open, and nothing but a log line tells.',
        remedy: [
          'Treat what crossed this network as disclosed, and move secrets off it until it is repaired',
          'On the sender look at `iptables -t mangle -S OUTPUT` (a rule with the mark 0xd0c4e3 for the VNI) and at `ip xfrm policy` (an outbound policy per peer, same mark)',
          'Load the match the engine uses (`modprobe xt_bpf`; `xt_u32` before engine 24), then restart the engine; engines before 20.10.24 and 23.0.3 have CVE-2023-28840, -28841 and -28842: upgrade',
        ],
        nodes: senders,
        pairs,
        networks: [...new Set(leaks.flatMap(({ network }) => network ?? []))],
        proof: leaks.map(
          ({ path, node, code, observed }) =>
            `${observed ?? ''} ${code === 'payload-readable' ? 'frames with the known payload' : 'VXLAN frames'} left ${path === undefined ? (node ?? '') : `${path.from} for ${path.to}`} in clear`,
        ),
        explains: (problem) => {
          const { code, requirement, kind, path, node } = problem
          return (
            code === 'clear-text-left' ||
            code === 'payload-readable' ||
            (requirement.startsWith('ENC-') &&
              (kind === 'missed' || node !== undefined) &&
              !ofEncrypted.has(code) &&
              senders.includes(path?.from ?? node ?? '') &&
              (!isOfClearTextArriving(problem, lab) || isUnmarked(lab, node)))
          )
        },
      },
    ]
  },
  gravity: 90,
}

/** What became of packets that left encrypted. */
const ofEncrypted: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'sequence-repeated',
  'sequence-not-rising',
  'data-lost-on-the-way',
  'inbound-states-differ',
  'outbound-states-differ',
])

/** The engine’s rules for a network are made together: without the one that marks the other’s absence is the same cause. */
function isUnmarked({ everyProblem }: LabView, node: string | undefined): boolean {
  return everyProblem.some((problem) => problem.code === 'mark-rule-missing' && problem.node === node)
}
