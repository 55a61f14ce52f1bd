import { namedNodes, namedPairs, troubledClauses } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { isForWrongAddress } from './encryption-for-wrong-address.ts'

/** Packets of an encrypted overlay were seen on the wire in clear. */
export const clearTextLeak: Rule = (run) => {
  if (!run.failed('ENC-01') || isForWrongAddress(run)) return undefined
  const reason = run.reason('ENC-01')
  // ENC-01 also fails when no ESP was seen at all; that is no leak.
  const leaks = troubledClauses(reason).filter((clause) =>
    /clear|readable|plain|payload|nonce|VXLAN (with|of|for) (VNI|its VNI)/i.test(clause),
  )
  if (leaks.length === 0) return undefined
  const told = leaks.join('\n')
  const pairs = namedPairs(told, run.nodeNames)
  return finding({
    title: 'Traffic of an encrypted overlay leaves in clear text',
    cause:
      'Frames of a network created with `--opt encrypted` were recorded on the wire without ESP. The engine marks such packets by a firewall rule and encrypts what is marked by an IPsec policy; if the rule does not match (no `xt_bpf` or `xt_u32`, rules flushed or shadowed) or the policy is gone, they are sent as they are. It fails open, and nothing but a log line tells.',
    remedy: [
      'Treat what crossed this network as disclosed, and move secrets off it until it is mended',
      'On the sender look at `iptables -t mangle -S OUTPUT` (a rule with the mark 0xd0c4e3 for the VNI) and at `ip xfrm policy` (an outbound policy per peer, same mark)',
      'Load the match the engine uses (`modprobe xt_bpf`; `xt_u32` before engine 24), then restart the engine; engines before 20.10.24 and 23.0.3 have CVE-2023-28840, -28841 and -28842: upgrade',
    ],
    requirements: run.failedAmong('ENC-*'),
    hosts: pairs.length > 0 ? pairs : namedNodes(told, run.nodeNames),
    knownIssues: ['moby/moby#43382', 'CVE-2023-28841'],
  })
}
