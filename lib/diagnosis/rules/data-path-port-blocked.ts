import { lostOnTheWay, namedPairs } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** Hosts gossip with each other, but VXLAN does not get through. */
export const dataPathPortBlocked: Rule = (run) => {
  if (!run.failed('CTL-04') || !run.passed('CTL-03')) return undefined
  const lost = lostOnTheWay(run.reason('CTL-04'))
  if (lost === undefined) return undefined
  const { dataPathPort } = run.lab.topology.swarm
  const pairs = namedPairs(lost, run.nodeNames)
  return finding({
    title: `UDP ${dataPathPort} (VXLAN) is blocked between hosts`,
    cause: `The same hosts exchange gossip on 7946/udp, so they reach each other by UDP; only frames to UDP ${dataPathPort} get lost. That is a firewall on a host, a security group, or a provider network that keeps this port for its own VXLAN. Tasks on these hosts cannot reach each other, although the swarm looks healthy.`,
    remedy: [
      `Allow it on every node from every other node, e.g. \`iptables -I INPUT -p udp --dport ${dataPathPort} -s SUBNET -j ACCEPT\`, and in the security groups between them, in both directions`,
      `See where it gets lost: \`tcpdump -ni any udp port ${dataPathPort}\` on both ends; if it leaves one and never arrives, it is the network between them`,
      'If the provider keeps the port for itself, make the swarm anew with another: `docker swarm init --data-path-port 7789`',
    ],
    requirements: run.failedAmong(
      'CTL-04',
      'OVL-03',
      'OVL-10',
      'VXL-*',
      'MTU-*',
      'DSC-04',
      'LB-01',
      'ING-01',
      'ING-02',
    ),
    hosts: pairs,
    knownIssues: ['moby/moby#30972', 'moby/moby#33416'],
  })
}
