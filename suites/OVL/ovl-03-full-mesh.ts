import { requirement } from '../../lib/conformance/test.ts'
import { taskOf } from '../../lib/observation/facts.ts'
import { seenFrames } from '../../lib/observation/frame.ts'
import { framesBetween } from '../../lib/observation/how-far.ts'
import { part } from '../../lib/observation/part.ts'
import { sentAgainNote } from '../../lib/observation/probe-seen.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { encryptionBrokenIn291, otherSpis, staleForwardingEntries } from '../known-issues.ts'
import { exchangeProblem } from '../scene/judging/delivery.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { omissionNote } from '../scene/recordings/supported-traffic.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { docs, internals, overlayTutorial } from '../source.ts'

export const fullMesh = requirement({
  id: 'OVL-03',
  requirement: 'Task IPs of one network reach each other, full mesh across hosts, by ICMP, TCP and UDP.',
  source: [
    docs('Attach a service to an overlay network'),
    internals('Overlay'),
    overlayTutorial('Default Overlay Network'),
  ],
  safety: 'production',
  quick: true,
  needs: ['two-nodes'],
  knownIssues: [otherSpis, encryptionBrokenIn291, staleForwardingEntries],
  method:
    'Every task of the clear and of the encrypted network sends to the address of every other, on its own host too: an ICMP echo, a UDP datagram that must come back as it went, and an HTTP request that must be answered with the target’s own host name.',
  usualCauses: [
    'the data-path port (4789/udp) or, for the encrypted network, IP protocol 50 is blocked between two nodes',
    'ping works but TCP and UDP do not: checksum offload of the virtual network card',
    'a stale or missing forwarding entry: two tasks cannot talk, others on the same hosts can',
  ],
  remedy: [
    'all pairs between two hosts: see CTL-04 and CTL-07',
    'one pair only: see VXL-06; restart the task that cannot be reached',
    'only TCP and UDP: ethtool -K INTERFACE tx-checksum-ip-generic off on the hosts',
  ],
  codes: ['not-delivered', 'answered-by-another', 'altered-on-the-way'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { exchanged, leftOut, wires } }, facts) {
    const { got } = part(wires, 'capture')
    const followed = { nodes: new Set(got.keys()), frames: framesBetween(seenFrames(got.values())) }
    const judged = exchanged.map((one) => ({ ...one, problem: exchangeProblem(one, facts, followed) }))
    const pairs = new Set(judged.map(({ network, from, to }) => `${network} ${from} ${to}`)).size
    const delivered = judged.filter(({ problem }) => problem === undefined).length
    const names = [...new Set(judged.map(({ network }) => facts.networks[network].name))]
    return judgement({
      problems: judged.flatMap(({ problem }) => problem ?? []),
      unseen: [...unseenFrom(facts, 'clear'), ...unseenFrom(facts, 'secret')],
      tables: {
        'probes by network and protocol': Object.fromEntries(
          [...groupBy(judged, ({ network, protocol }) => `${facts.networks[network].name} ${protocol}`)].map(
            ([key, probes]) => [
              key,
              {
                sent: probes.length,
                delivered: probes.filter(({ problem }) => problem === undefined).length,
                acrossHosts: probes.filter(
                  ({ from, to }) => taskOf(facts, from).node !== taskOf(facts, to).node,
                ).length,
                slowestMs: Math.round(Math.max(...probes.map(({ probe }) => probe.elapsedMs))),
              },
            ],
          ),
        ),
      },
      conclusion:
        judged.length === 0
          ? ''
          : `${pairs} ordered pairs of tasks on ${names.join(' and ')} reach each other by ICMP, TCP and UDP; ${delivered} of ${judged.length} probes delivered${sentAgainNote(judged.map(({ probe }) => probe))}${omissionNote(leftOut)}`,
    })
  },
})
