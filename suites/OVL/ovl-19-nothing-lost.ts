import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { bursts } from '../scene/recordings/bursts.ts'
import { omissionNote } from '../scene/recordings/supported-traffic.ts'
import { docs, moby } from '../source.ts'
import { burstMeasures, burstTables, idleControl, burstLossProblems, onOverlays } from './burst-judgement.ts'

export const nothingLost = requirement({
  id: 'OVL-19',
  requirement: 'Between idle nodes of a lab, none of 200 datagrams at 50 a second is lost on an overlay.',
  source: [docs('Attach a service to an overlay network'), moby('libnetwork issue 1402')],
  safety: 'production',
  needs: ['two-nodes'],
  ownHosts: true,
  method:
    'For each ordered pair of nodes a task sends 200 numbered UDP datagrams at 50 a second to a task of the other, on the clear and on the encrypted network, and they are counted where they arrive; hosts send each other as many echoes of ICMP beside them, to tell the underlay from what is above it. A node counts as idle if its processors had a tenth of their time to spare and a tenth or less was stolen, no datagram was sent a second late, and no socket was full; otherwise what is lost decides nothing. On existing hosts OVL-20 says what was lost.',
  usualCauses: [
    'a link between the hosts loses packets: cable, port, Wi-Fi, an overbooked virtual switch',
    'a rule of a firewall or of traffic control drops what goes beyond a rate',
    'a card or a virtual one drops received packets because its queue is full',
  ],
  remedy: [
    'ping -i 0.02 -c 500 HOST from host to host: if it loses as much, it is the underlay',
    'tc -s qdisc show dev INTERFACE; ip -s -s link show INTERFACE; ethtool -S INTERFACE | grep -i -e drop -e err',
    'iptables -nvL and nft list ruleset: rules with limit, hashlimit or statistic',
  ],
  codes: ['datagrams-lost'],
  changes: [],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [bursts],
  observe: async (lab) => ({ bursts: await lab.scene(bursts) }),
  judge({ bursts: seen }, facts) {
    const sent = onOverlays(seen).reduce((sum, burst) => sum + burst.sent, 0)
    const others = facts.owned
      ? []
      : [{ what: 'a lab whose hosts carry no traffic of others', of: 'topology' as const, nodes: [] }]
    const problems = facts.owned ? burstLossProblems(seen, facts) : []
    return judgement({
      problems,
      controls: problems.length === 0 ? [] : [idleControl(seen)],
      measures: burstMeasures(seen, facts),
      missing: others,
      unseen: unseenFrom(facts, 'clear'),
      tables: burstTables(seen, facts),
      conclusion:
        sent === 0
          ? ''
          : `all of ${sent} datagrams arrived, ${seen.load.datagrams} at ${seen.load.perSecond} a second on each of ${onOverlays(seen).length} ways${omissionNote(seen.leftOut)}`,
    })
  },
})
