import { pathsOf, placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** Packets of an encrypted overlay were seen on the wire in clear. */
export const clearTextLeak: Rule = {
  code: 'clear-text-leak',
  find(lab) {
    const leaks = lab.problems('clear-text-left', 'payload-readable')
    if (leaks.length === 0) return []
    const pairs = pathsOf(leaks)
    const nodes = [...new Set([...pairs.map(({ from }) => from), ...leaks.flatMap(({ node }) => node ?? [])])]
    const senders = nodes.length > 0 ? nodes : placesOf(leaks)
    return [
      {
        title: `Traffic of an encrypted overlay leaves ${senders.join(' and ')} in clear text`,
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
        knownIssues: ['moby/moby#43382', 'CVE-2023-28841'],
        explains: ({ code, requirement, kind, path, node }) =>
          code === 'clear-text-left' ||
          code === 'payload-readable' ||
          (requirement.startsWith('ENC-') &&
            (kind === 'missed' || node !== undefined) &&
            senders.includes(path?.from ?? node ?? '')),
      },
    ]
  },
  gravity: 90,
}
