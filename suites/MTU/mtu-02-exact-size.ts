import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { exceptFor } from '../scene/left-out.ts'
import { taskLabel } from '../scene/pair.ts'
import { type SizedDatagram, sizes } from '../scene/sizes.ts'
import { otherSpis } from '../known-issues.ts'
import { internals } from '../source.ts'

export const exactSize = conformanceTest({
  id: 'MTU-02',
  requirement:
    'A don’t-fragment datagram of exactly the overlay MTU passes between every pair; one byte more is refused locally, not lost silently.',
  source: [internals('Docker Swarm and Overlay Networks')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  knownIssues: [otherSpis],
  method:
    'From every task to every task on another host, on the clear and on the encrypted network, an ICMP echo and a UDP datagram with the don’t-fragment bit are sent: one whose IP packet has exactly the overlay’s MTU must be answered, one of a byte more must be refused on the spot with EMSGSIZE.',
  usualCauses: [
    'the underlay carries less than the overlay was made for, and something between the hosts drops what is too big',
    'ICMP "fragmentation needed" is filtered between the hosts',
    'interfaces of one network have different MTUs: see MTU-01',
    'the path was smaller until lately: a task remembers that for ten minutes and refuses on the spot what would pass again',
  ],
  remedy: [
    'ping -M do -s 1472 OTHER-NODE between the nodes themselves: what does the underlay carry?',
    'recreate the network with --opt com.docker.network.driver.mtu=UNDERLAY-MTU',
    'let ICMP type 3 code 4 pass between the hosts',
    'nsenter -t TASK-PID -n ip route get OTHER-TASK shows a remembered MTU; ip route flush cache in that namespace forgets it',
  ],
  async run(context) {
    const { evidence } = context
    const { datagrams, mtuBytes, roles, leftOut } = await sizes(context)
    evidence.observe('overlay MTU in bytes', mtuBytes)
    evidence.observe('outcomes', outcomes(datagrams))
    requireNone('exactly the overlay’s MTU passes and one byte more is refused', datagrams.flatMap(problemOf))
    if (datagrams.length === 0) throw new Error('no two tasks on different hosts share a network')
    const passed = datagrams.filter(({ fits }) => fits).length
    const exact = roles.map((role) => `${mtuBytes[role]} bytes (${role === 'clear' ? 'clear' : 'encrypted'})`)
    evidence.conclude(
      `${passed} datagrams of exactly ${exact.join(' and ')} were answered, ${datagrams.length - passed} of one byte more refused with EMSGSIZE${exceptFor(leftOut, context.stack.networks.secret.name)}`,
    )
  },
})

function problemOf({ from, to, network, protocol, packetBytes, fits, observation }: SizedDatagram): string[] {
  const { outcome, errno } = observation
  if (outcome === (fits ? 'answered' : 'too-big')) return []
  const expected = fits ? 'an answer' : 'a refusal with EMSGSIZE'
  return [
    `${taskLabel(from)} → ${taskLabel(to)} on ${network.name}: ${protocol} of ${packetBytes} bytes: ${outcome}${errno === undefined ? '' : ` (${errno})`}, expected ${expected}`,
  ]
}

function outcomes(datagrams: readonly SizedDatagram[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { network, protocol, packetBytes, observation } of datagrams) {
    const key = `${network.name} ${protocol} ${packetBytes} bytes: ${observation.outcome}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
