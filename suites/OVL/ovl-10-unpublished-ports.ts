import { requirement } from '../../lib/conformance/test.ts'
import { taskName, taskOf } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { exchangeProblem } from '../scene/judging/delivery.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { exceptFor } from '../scene/recordings/left-out.ts'
import { docs } from '../source.ts'

export const unpublishedPorts = requirement({
  id: 'OVL-10',
  requirement: 'Ports need not be published between services of one network (the WordPress → MySQL pattern).',
  source: [docs('Configure service discovery'), docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Services that publish nothing, by the swarm’s own account, are asked on TCP port 80 by tasks of another service of their network, or of their own if it has no other, across hosts. Each target must answer with its own host name.',
  usualCauses: [
    'the tasks listen on 127.0.0.1 only',
    'cross-host traffic of the network fails altogether: see OVL-03',
  ],
  remedy: [
    'nsenter -t PID -n ss -ltn on the host of the task that does not answer',
    'see OVL-03, CTL-04 and CTL-07',
  ],
  codes: ['not-delivered', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { exchanged, leftOut } }, facts) {
    const { web, rr, vault } = facts.services
    const asked = exchanged
      .filter(({ protocol }) => protocol === 'tcp')
      .map((one) => ({ ...one, sender: taskOf(facts, one.from), receiver: taskOf(facts, one.to) }))
      .filter(({ sender, receiver }) => sender.node !== receiver.node)
      .filter(
        ({ sender, receiver }) =>
          (sender.service === web.name && receiver.service === rr.name) ||
          (sender.service === vault.name && receiver.service === vault.name),
      )
    const services = [
      { ...rr, network: facts.networks.clear.name },
      { ...vault, network: facts.networks.secret.name },
    ]
    const publishing = services.filter(({ published }) => published.length > 0).map(({ name }) => name)
    const unasked = services.filter(
      ({ name, network }) =>
        !asked.some(({ receiver }) => receiver.service === name) &&
        !leftOut.some(({ what }) => what === network),
    )
    const targets = [...new Set(asked.map(({ receiver }) => receiver.service))].join(' and ')
    return judgement({
      problems: asked.flatMap((one) => exchangeProblem(one, facts) ?? []),
      controls: [
        {
          name: 'the services asked publish nothing',
          held: publishing.length === 0,
          observed: publishing.join(', ') || 'none publishes',
        },
      ],
      unseen: unasked.map(({ name }) => ({ what: `requests to ${name} across hosts`, nodes: [] })),
      tables: {
        'published ports': services.map(({ name, published }) => ({ service: name, published })),
        'requests to port 80': asked.map(({ probe, receiver }) => ({
          from: probe.from,
          to: taskName(receiver),
          outcome: probe.outcome,
          elapsedMs: Math.round(probe.elapsedMs),
        })),
      },
      conclusion:
        asked.length === 0
          ? ''
          : `${asked.length} requests across hosts to port 80 of tasks of ${targets}, which publish nothing, were answered by the task itself${exceptFor(leftOut)}`,
    })
  },
})
