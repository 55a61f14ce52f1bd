import { lostOnTheWay, namedPairs } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** 7946/tcp is open, 7946/udp is not. */
export const gossipUdpBlocked: Rule = (run) => {
  if (!run.failed('CTL-03') || !run.passed('CTL-02')) return undefined
  const lost = lostOnTheWay(run.reason('CTL-03'))
  if (lost === undefined) return undefined
  return finding({
    title: '7946/udp (gossip) is blocked between hosts, 7946/tcp is not',
    cause:
      'Nodes find each other and tell where tasks are by gossip on 7946, over TCP and UDP. With UDP blocked they fall back to TCP, suspect each other again and again, and learn late or never of new tasks: names do not resolve on some nodes, forwarding entries are missing.',
    remedy: [
      'Allow 7946 for UDP as well as TCP on every node from every other node: `iptables -I INPUT -p udp --dport 7946 -s SUBNET -j ACCEPT`',
      'The engine tells it too: `journalctl -u docker | grep memberlist`',
    ],
    requirements: run.failedAmong('CTL-03', 'CTL-10', 'DSC-01', 'DSC-02', 'VXL-06', 'LB-02', 'OVL-03'),
    hosts: namedPairs(lost, run.nodeNames),
    knownIssues: ['moby/moby#30972'],
  })
}
