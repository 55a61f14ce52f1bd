import { missingModule } from '../missing-module.ts'
import { lostOnTheWay, namedPairs } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** VXLAN gets through, ESP does not, and the kernels can do it: something between them drops IP protocol 50. */
export const espBlocked: Rule = (run) => {
  if (!run.failed('CTL-07') || !run.passed('CTL-04')) return undefined
  const lost = lostOnTheWay(run.reason('CTL-07'))
  if (lost === undefined) return undefined
  if (missingModule(run, 'esp4', ['CTL-07', 'ENC-01', 'ENC-03', 'ENC-04']) !== undefined) return undefined
  return finding({
    title: 'A firewall drops ESP (IP protocol 50): only encrypted overlays are cut off',
    cause:
      'Clear VXLAN passes between the same hosts, ESP does not. ESP is an IP protocol of its own and has no ports, so rules that open 2377, 7946 and 4789 do not cover it. It does not pass address translation either.',
    remedy: [
      'Allow protocol 50 on every node from every other node: `iptables -I INPUT -p esp -s SUBNET -j ACCEPT`, or with ufw a rule `proto esp`',
      'In a cloud add a rule for protocol number 50 to the security group; "all TCP" and "all UDP" do not include it',
      'If there is address translation between the hosts, encrypted overlays cannot work there: connect the hosts by a VPN and advertise its addresses',
    ],
    requirements: run.failedAmong('CTL-07', 'ENC-*', 'OVL-03'),
    hosts: namedPairs(lost, run.nodeNames),
    knownIssues: ['moby/moby#26523', 'moby/moby#25266'],
  })
}
