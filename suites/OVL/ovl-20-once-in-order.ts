import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { bursts } from '../scene/recordings/bursts.ts'
import { omissionNote } from '../scene/recordings/supported-traffic.ts'
import { docs, rfc } from '../source.ts'
import {
  burstMeasures,
  burstTables,
  idleControl,
  burstLossProblems,
  onOverlays,
  deliveryProblems,
} from './burst-judgement.ts'

export const onceInOrder = requirement({
  id: 'OVL-20',
  requirement: 'Datagrams between nodes arrive once and in order, and how long they take is measured.',
  source: [docs('Attach a service to an overlay network'), rfc(7348, 'section 5')],
  safety: 'production',
  advisory: true,
  needs: ['two-nodes'],
  method:
    'Of the bursts of OVL-19 it is counted which datagrams arrived more than once, and which behind one that was sent later; echoes give the round trip of each network and from host to host. It fails where any was doubled, or more than 1 % were overtaken. On existing hosts the bursts are 20 datagrams at 10 a second, and it fails where any was lost, too.',
  usualCauses: [
    'several links or queues between the hosts that packets are dealt to one by one, not by flow',
    'a loop or a mirror in a switch that sends packets twice',
    'on existing hosts, a link that loses packets',
  ],
  remedy: [
    'tcpdump -ni INTERFACE udp port 4789 on both hosts: where is the second copy seen first?',
    'bonding in mode balance-rr: use 802.3ad or active-backup; multipath routes: hash by flow',
  ],
  codes: ['datagrams-doubled', 'datagrams-overtaken', 'datagrams-lost'],
  changes: [],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [bursts],
  observe: async (lab) => ({ bursts: await lab.scene(bursts) }),
  judge({ bursts: seen }, facts) {
    const overlays = onOverlays(seen)
    const arrived = overlays.reduce((sum, { distinct }) => sum + distinct, 0)
    const longest = Math.max(0, ...overlays.map(({ roundTripMs }) => roundTripMs?.median ?? 0))
    const lost = facts.owned ? [] : burstLossProblems(seen, facts)
    return judgement({
      problems: [...deliveryProblems(seen, facts), ...lost],
      controls: lost.length === 0 ? [] : [idleControl(seen)],
      measures: burstMeasures(seen, facts),
      unseen: unseenFrom(facts, 'clear'),
      tables: burstTables(seen, facts),
      conclusion:
        arrived === 0
          ? ''
          : `${arrived} datagrams arrived once and in order on ${overlays.length} ways; the slowest median round trip is ${longest} ms${omissionNote(seen.leftOut)}`,
    })
  },
})
