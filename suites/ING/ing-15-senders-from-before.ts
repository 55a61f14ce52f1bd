import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { moby } from '../source.ts'
import { trackedSenderProblems, observeSenders } from './tracked-senders.ts'

export const sendersFromBefore = requirement({
  id: 'ING-15',
  requirement:
    'Who sends to a published UDP port is led to the mesh, also if it sent before the port was published.',
  source: [moby('issue 35135, pull request 44742')],
  safety: 'production',
  advisory: true,
  needs: ['ipvs'],
  method:
    'Connection tracking asks the rules of published ports about the first datagram of a sender only; one that sends on from the same port keeps what was decided then. On every node whose kernel shows the table (/proc/net/nf_conntrack; nothing is loaded) the entries of UDP ports that its rules lead to the mesh are looked at twice within 3 s: none that was not answered and leads to the node itself may have been renewed meanwhile. Of senders that are no nodes only their number is kept. Advisory: who it is about are senders, not the swarm.',
  usualCauses: [
    'a log driver, a syslog or a metrics client, or a VoIP device was sending when the service was deployed, and never stops',
    'the service was removed and deployed again under such a sender',
  ],
  remedy: [
    'conntrack -D -p udp --dport PORT on the node named',
    'or stop the sender for longer than net.netfilter.nf_conntrack_udp_timeout (30 s), or start it again: a new port is a new entry',
  ],
  codes: ['sender-tracked-past-mesh'],
  changes: [],
  quiet: [],
  reads: [kernel],
  observe: async (lab) => ({ senders: await observeSenders(lab) }),
  judge({ senders }, facts) {
    const { got, missing, unseen } = part(senders, 'connection tracking')
    const read = [...got].flatMap(([node, one]) => (one === 'untold' ? [] : [{ node, ...one }]))
    const untold = [...got].filter(([, one]) => one === 'untold').map(([node]) => node)
    const without = ingressMissing(facts)
    const ports = Math.max(0, ...read.map((one) => one.ports))
    return judgement({
      problems: read.flatMap((one) => trackedSenderProblems(one.node, one, facts)),
      missing: [
        ...without,
        ...missing,
        ...(untold.length === 0
          ? []
          : [
              {
                what: '/proc/net/nf_conntrack (CONFIG_NF_CONNTRACK_PROCFS)',
                of: 'tool' as const,
                nodes: untold,
              },
            ]),
      ],
      unseen,
      tables: {
        'senders that are led past the mesh': read.flatMap(({ node, held }) =>
          held.map((one) => ({ node, ...one })),
        ),
      },
      conclusion:
        ports === 0
          ? ''
          : `no sender to ${ports} published UDP ports is led past the mesh on ${read.length} nodes`,
    })
  },
})
