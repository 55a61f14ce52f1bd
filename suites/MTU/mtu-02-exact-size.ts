import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { sentAgainNote } from '../../lib/observation/probe-seen.ts'
import { otherSpis } from '../known-issues.ts'
import { omissionNote } from '../scene/recordings/supported-traffic.ts'
import { sizes } from '../scene/recordings/sizes.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { internals } from '../source.ts'
import { sizeProblem } from './size-problem.ts'

export const exactSize = requirement({
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
  codes: ['full-size-unanswered', 'full-size-refused', 'oversize-passed', 'oversize-not-refused'],
  changes: [],
  quiet: ['changes'],
  reads: [sizes],
  observe: async (lab) => ({ sizes: await lab.scene(sizes) }),
  judge({ sizes: { datagrams, mtuBytes, roles, leftOut } }, facts) {
    const passed = datagrams.filter(({ fits }) => fits).length
    const exact = roles.map((role) => `${mtuBytes[role]} bytes (${role === 'clear' ? 'clear' : 'encrypted'})`)
    const outcomes: Record<string, number> = {}
    for (const { network, protocol, packetBytes, probe } of datagrams) {
      const key = `${facts.networks[network].name} ${protocol} ${packetBytes} bytes: ${probe.outcome}`
      outcomes[key] = (outcomes[key] ?? 0) + 1
    }
    return judgement({
      problems: datagrams.flatMap((datagram) => sizeProblem(datagram, facts)),
      unseen: roles.flatMap((role) => unseenFrom(facts, role)),
      tables: { 'overlay MTU in bytes': mtuBytes, outcomes },
      conclusion:
        datagrams.length === 0
          ? ''
          : `${passed} datagrams of exactly ${exact.join(' and ')} were answered, ${datagrams.length - passed} of one byte more refused with EMSGSIZE${sentAgainNote(datagrams.map(({ probe }) => probe))}${omissionNote(leftOut, facts.networks.secret.name)}`,
    })
  },
})
