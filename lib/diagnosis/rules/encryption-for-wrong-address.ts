import { namedNodes } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule, RunPattern } from '../rule.ts'

/** ENC-03 says which source an outbound policy is for and which it should be for; without it CTL-09 misses the ESP. */
export function isForWrongAddress(run: RunPattern): boolean {
  const { advertise, dataPath } = run.lab.topology.swarm
  if (advertise === dataPath) return false
  return run.reason('ENC-03') === ''
    ? run.failed('CTL-09') && run.reason('CTL-09').includes('no ESP left')
    : run.failed('ENC-03') && /outbound policy .* is for source \S+, expected/.test(run.reason('ENC-03'))
}

/** Advertise and data-path address differ, and IPsec was made for the first. */
export const encryptionForWrongAddress: Rule = (run) => {
  if (!isForWrongAddress(run)) return undefined
  const requirements = run.failedAmong('ENC-*', 'CTL-07', 'CTL-09')
  return finding({
    title: 'Encryption is made for the advertise address, and the traffic leaves from the data-path address',
    cause:
      'With `--data-path-addr` on another interface than `--advertise-addr` the engine makes its IPsec states and policies for the advertise address of the node itself. VXLAN leaves from the data-path address, so no policy matches: traffic of encrypted networks is sent in clear, and the peer drops it because its firewall expects it encrypted.',
    remedy: [
      'Use one address for both (`docker swarm init` and `join` without `--data-path-addr`) where networks are encrypted',
      'Or encrypt the data-path underlay by other means, and use overlays without `--opt encrypted` on it',
      'Compare: `ip xfrm policy` on a node with the address of its data-path interface',
    ],
    requirements,
    hosts: namedNodes(requirements.map((id) => run.reason(id)).join('\n'), run.nodeNames),
    knownIssues: ['moby/moby#34763'],
  })
}
