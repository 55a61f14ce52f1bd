import { namedPairs } from '../named-hosts.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** Small packets pass everywhere, large ones do not. */
export const underlayMtuTooSmall: Rule = (run) => {
  const large = ['MTU-02', 'MTU-03', 'MTU-04', 'MTU-01'].filter((id) => run.failed(id))
  if (large.length === 0 || !run.passed('OVL-03')) return undefined
  // MTU-01 alone is told by the interfaces' settings: it is this cause only if it speaks of the underlay.
  if (large.length === 1 && large[0] === 'MTU-01' && !/underlay|carries|uplink/i.test(run.reason('MTU-01'))) {
    return undefined
  }
  return finding({
    title: 'The underlay carries less than the overlay networks assume',
    cause:
      'Small packets pass between all tasks, packets of the overlay MTU do not. The engine takes 1500 bytes for the underlay unless told otherwise and never measures it; VXLAN adds 50 bytes, ESP more. On a VPN, a tunnel or a cloud network with a smaller MTU pings and handshakes work and transfers hang.',
    remedy: [
      'Find what the path carries: `ping -M do -s 1472 PEER` from host to host, smaller until it answers; add 28 for the MTU',
      "Create overlays with the underlay's MTU: `docker network create -d overlay --opt com.docker.network.driver.mtu=MTU NAME` (the engine subtracts the overhead itself)",
      'Ingress too: remove it while no service publishes a port, and create it anew with `--ingress` and the same option; or raise the MTU of the underlay',
    ],
    requirements: run.failedAmong('MTU-*', 'ING-12'),
    hosts: large.flatMap((id) => namedPairs(run.reason(id), run.nodeNames)).filter(firstOfEach),
    knownIssues: ['moby/moby#36689', 'moby/moby#43673'],
  })
}

const firstOfEach = (value: string, index: number, all: readonly string[]): boolean =>
  all.indexOf(value) === index
