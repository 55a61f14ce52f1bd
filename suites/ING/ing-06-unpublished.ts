import { requirement } from '../../lib/conformance/test.ts'
import { taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { type Asked, ingressMissing, mesh } from '../scene/recordings/mesh.ts'
import { answersOf } from '../scene/judging/port-answers.ts'
import { docs } from '../source.ts'

export const unpublished = requirement({
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
  codes: ['unpublished-port-answered'],
  changes: [],
  quiet: [],
  reads: [mesh],
  observe: async (lab) => ({ mesh: await lab.scene(mesh) }),
  judge({ mesh: { asked } }, facts) {
    const names = new Map(facts.tasks.map((task) => [task.hostname, taskName(task)]))
    const tasksOf = ({ probe }: Asked): string[] => [
      ...new Set(answersOf(probe).flatMap((answer) => names.get(answer) ?? [])),
    ]
    const silent = asked.filter(({ what }) => what !== 'published')
    const published = asked.filter((one) => one.what === 'published' && tasksOf(one).length > 0)
    return judgement({
      problems: silent.flatMap((one) => unpublishedProblems(one, tasksOf(one))),
      controls:
        asked.length === 0
          ? []
          : [{ name: 'published port answered', held: published.length > 0, observed: published.length }],
      missing: ingressMissing(facts),
      tables: { 'outcomes of what is not published': outcomes(silent) },
      conclusion:
        silent.length === 0
          ? ''
          : `${silent.length} attempts at unpublished ports and task addresses were not answered by any task, while ${published.length} at the published port were`,
    })
  },
})

function unpublishedProblems({ from, to, what, probe }: Asked, tasks: readonly string[]): Problem[] {
  const isDatagram = what === 'other protocol' && probe.outcome === 'answered'
  if (tasks.length === 0 && !isDatagram) return []
  return [
    {
      ...{ code: 'unpublished-port-answered', kind: 'seen', node: to, path: { from, to } },
      ...{ protocol: probe.kind.toUpperCase(), address: probe.to, port: probe.port ?? 0, subject: what },
      observed: isDatagram ? 'a datagram' : tasks.join(', '),
    },
  ]
}

function outcomes(asked: readonly Asked[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { what, probe } of asked) {
    const key = `${what}: ${probe.outcome}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
