import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { exchange } from '../scene/exchange-before.ts'
import { exceptFor } from '../scene/left-out.ts'
import { taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'

export const unpublishedPorts = conformanceTest({
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
  async run(context) {
    const { stack, evidence } = context
    const { web, rr, vault } = stack.services
    const { exchanged, leftOut } = await exchange(context)
    const asked = exchanged.filter(
      ({ from, to, protocol }) =>
        protocol === 'tcp' &&
        from.node !== to.node &&
        ((from.service === web.name && to.service === rr.name) ||
          (from.service === vault.name && to.service === vault.name)),
    )
    evidence.observe(
      'published ports',
      [rr, vault].map(({ name, published }) => ({ service: name, published })),
    )
    evidence.observe(
      'requests to port 80',
      asked.map(({ from, to, observation }) => ({
        from: taskLabel(from),
        to: taskLabel(to),
        outcome: observation.outcome,
        elapsedMs: Math.round(observation.elapsedMs),
      })),
    )
    const publishing = [rr, vault].filter(({ published }) => published.length > 0)
    if (publishing.length > 0) {
      const names = publishing.map(({ name }) => name).join(', ')
      throw new Error(`${names} publish ports, so nothing can be said of services that do not`)
    }
    if (asked.length === 0) throw new Error('no tasks of two services of one network run on different hosts')
    requireNone(
      'tasks that publish nothing answer on their port within their network',
      asked.flatMap((one) => {
        const problem = deliveryProblem(one)
        return problem === undefined ? [] : [`${taskLabel(one.from)} → ${taskLabel(one.to)}: ${problem}`]
      }),
    )
    const targets = [...new Set(asked.map(({ to }) => to.service))].join(' and ')
    evidence.conclude(
      `${asked.length} requests across hosts to port 80 of tasks of ${targets}, which publish nothing, were answered by the task itself${exceptFor(leftOut)}`,
    )
  },
})
