import { requirement } from '../../lib/conformance/test.ts'
import { seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { moby, rfc } from '../source.ts'
import { type ArrivedChecksums, arrivedChecksums } from './arrived-checksums.ts'

export const checksums = requirement({
  id: 'VXL-10',
  requirement: 'What arrives in VXLAN has right checksums, outside and inside.',
  source: [rfc(7348, 'section 5'), rfc(1071, 'section 1'), moby('issue 41775')],
  safety: 'production',
  quick: true,
  advisory: true,
  needs: ['two-nodes'],
  method:
    'Packets that tasks send each other across hosts are recorded on the data-path interface of the node they arrive at, and the checksums of IP, ICMP, TCP and UDP are computed again, outside VXLAN and inside it. What leaves a host is not looked at, because its card still completes it, nor are fragments and what is not there whole. A checksum that only sums the pseudo-header is counted where echoes of the pair are answered and nothing of the protocol is: machines on one host hand each other such packets soundly.',
  usualCauses: [
    'the network card is left to complete checksums inside VXLAN and does not (vmxnet3 and other virtual cards): ping passes, TCP and UDP do not',
    'a link, a card or memory between two nodes changes bits',
  ],
  remedy: [
    'ethtool -K INTERFACE tx-checksum-ip-generic off on the node that sends them, and see whether UDP is answered',
    'ethtool -S INTERFACE | grep -i -e crc -e err; another cable, port or host for the node whose packets are changed',
  ],
  codes: ['checksum-wrong', 'checksum-unfinished'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires, exchanged } }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const rows = arrivedChecksums(seenFrames(got.values()), exchanged, facts)
    const verified = rows.reduce((sum, row) => sum + row.verified, 0)
    const pairs = new Set(rows.map(({ from, to }) => `${from} ${to}`)).size
    return judgement({
      problems: rows.flatMap(problemsOf),
      ...{ missing, unseen },
      tables: { 'packets that arrived, by their checksums': rows.map(({ example: _, ...row }) => row) },
      packets: {
        'one packet with a wrong checksum of each pair': rows.flatMap(({ example }) => example),
      },
      conclusion:
        verified === 0
          ? ''
          : `${verified} packets in VXLAN arrived with right checksums, between ${pairs} ordered pairs of nodes`,
    })
  },
})

function problemsOf(row: ArrivedChecksums): Problem[] {
  const { from, to, network, protocol, verified, wrong, unfinished, outerWrong } = row
  const where = { path: { from, to }, network, protocol, expected: verified } as const
  const counted = [
    { code: 'checksum-wrong', subject: 'inside VXLAN', observed: wrong },
    { code: 'checksum-wrong', subject: 'outside VXLAN', observed: outerWrong },
    {
      code: 'checksum-unfinished',
      subject: 'inside VXLAN',
      observed: row.silentBesideEchoes ? unfinished : 0,
    },
  ] as const
  return counted
    .filter(({ observed }) => observed > 0)
    .map((one): Problem => ({ ...where, ...one, kind: 'seen' }))
}
