import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { answeredBy, mesh } from '../scene/mesh.ts'
import { taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'

export const unpublished = conformanceTest({
  id: 'ING-06',
  requirement: 'Unpublished ports do not answer from outside.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'Each node is asked by every other, from the other’s own network namespace: the port the tasks listen on inside, at the node’s address; the published port by UDP, which is published for TCP only; and the tasks’ own overlay addresses. None of it may be answered by a task. Control: in the same call the published port is answered by tasks. Something else of the host that answers on one of those ports is noted, not judged.',
  usualCauses: [
    'somebody forwards ports by hand (iptables -t nat, a proxy) or runs containers with host networking',
    'a route to the overlay subnet was added on a host or router',
  ],
  remedy: [
    'iptables -t nat -S | grep DNAT on the node that answered',
    'ip route get TASK-ADDRESS on the node that asked',
    'docker service inspect SERVICE --format "{{json .Endpoint.Ports}}"',
  ],
  async run(context) {
    const { stack, evidence } = context
    const { asked, port } = await mesh(context)
    const names = new Map(stack.tasks.map((task) => [task.hostname, taskLabel(task)]))
    const rows = asked.map(({ from, to, what, target, observation }) => {
      const tasks = answeredBy(observation).flatMap((answer) => names.get(answer) ?? [])
      const { outcome } = observation
      return { from: from.host.name, to: to.host.name, what, target, outcome, tasks: [...new Set(tasks)] }
    })
    const silent = rows.filter(({ what }) => what !== 'published')
    evidence.observe('outcomes of what is not published', outcomes(silent))
    requireNone(
      'nothing but published ports is answered from outside',
      silent.flatMap(({ from, to, what, target, outcome, tasks }) => {
        if (tasks.length > 0)
          return [`${target} (${what} on ${to}) was answered by ${tasks.join(', ')} when asked by ${from}`]
        const datagram = what === 'other protocol' && outcome === 'answered'
        return datagram ? [`${target} (published for TCP only) was answered when asked by ${from}`] : []
      }),
    )
    const control = rows.filter(({ what, tasks }) => what === 'published' && tasks.length > 0)
    if (control.length === 0) {
      throw new Error(
        `port ${port.publishedPort} did not answer either, so silence proves nothing; see ING-01`,
      )
    }
    evidence.conclude(
      `${silent.length} attempts at unpublished ports and task addresses were not answered by any task, while ${control.length} at the published port were`,
    )
  },
})

function outcomes(
  rows: readonly { readonly what: string; readonly outcome: string }[],
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { what, outcome } of rows) {
    const key = `${what}: ${outcome}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
