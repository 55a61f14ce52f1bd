import { requirement } from '../../lib/conformance/test.ts'
import { taskName } from '../../lib/observation/facts.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, part } from '../../lib/observation/part.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { passedOverTable } from '../scene/recordings/recording.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { internals } from '../source.ts'
import { arrivalProblems, followed, sendOutbound, outboundPort, routeOf, routeProblems } from './outbound.ts'

export const masqueraded = requirement({
  id: 'GWB-02',
  requirement:
    'Outbound traffic of a task leaves through docker_gwbridge, masqueraded to the host’s address.',
  source: [internals('docker_gwbridge')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'A task on each node sends a datagram with a nonce to another node’s address on the underlay, which is recorded there: it must arrive, with the sending node’s own address as its source. The task’s default route must lead to an address in the subnet of docker_gwbridge.',
  usualCauses: [
    'the MASQUERADE rule of docker_gwbridge is gone (firewall reload, iptables -t nat -F)',
    'FORWARD drops what comes from docker_gwbridge, or net.ipv4.ip_forward is 0',
    'another tool set the task’s default route',
  ],
  remedy: [
    'iptables -t nat -nvL POSTROUTING and iptables -nvL FORWARD on the node named; sysctl net.ipv4.ip_forward',
    'restart the engine: it writes its rules again',
  ],
  codes: [
    'outbound-not-sent',
    'outbound-never-left',
    'outbound-lost',
    'outbound-source-wrong',
    'default-route-missing',
    'default-route-elsewhere',
  ],
  changes: [],
  quiet: [],
  reads: [kernel],
  probes: ({ facts }) => (facts.nodes.length > 1 ? facts.nodes.length : 0),
  observe: async (lab) => ({ ...(await sendOutbound(lab)), kernel: await lab.scene(kernel) }),
  judge({ sent, wires, kernel: states }, facts) {
    const { got, missing, unseen } = part(wires, 'capture')
    const frames = seenFrames(got.values())
    const looks = sent.map((one) => followed(one, frames, facts))
    const recorded = new Set(got.keys())
    const routes = looks.map(({ sender }) => ({ sender, ...routeOf(sender, states) }))
    return judgement({
      problems: [
        ...looks.flatMap((look) => arrivalProblems(look, recorded)),
        ...routes.flatMap(routeProblems),
      ],
      missing: gather([...missing, ...routes.flatMap((route) => route.missing)]),
      unseen: [
        ...unseen,
        ...routes.flatMap((route) => route.unseen),
        ...unseenFromTasks(
          facts,
          looks.map(({ sender }) => sender),
          'the stack',
        ),
      ],
      tables: {
        ...passedOverTable(got.values()),
        [`datagrams of tasks to UDP port ${outboundPort} of other nodes`]: looks.map((look, index) => ({
          ...{ from: taskName(look.sender), to: look.to, seenOnSendersUnderlay: look.left },
          ...{ sourceOnArrival: look.sources, expectedSource: look.expected },
          ...{ defaultRouteOfTask: routes[index]?.gateway, subnetsOfBridge: routes[index]?.subnets },
        })),
      },
      packets: { 'datagrams as they arrived': looks.flatMap(({ arrived }) => arrived.map(refOf)) },
      conclusion:
        looks.length === 0
          ? ''
          : `a datagram of one task on each of ${looks.length} nodes arrived at another with the sending node’s address; their default routes lead through docker_gwbridge`,
    })
  },
})
