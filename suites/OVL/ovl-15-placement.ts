import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { addressOn, inTask, requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { overlayTutorial } from '../source.ts'

export const placementHolds = conformanceTest({
  id: 'OVL-15',
  requirement:
    'A placement constraint (`node.role==manager`) holds and the constrained task is still reachable from every node.',
  source: [overlayTutorial('User-Defined Overlay Network')],
  safety: 'production',
  needs: ['active-manager'],
  method:
    'The tasks of a service deployed with the constraint node.role==manager must run on nodes that are managers by their own account. A task of another service on every node of the swarm sends an ICMP echo and an HTTP request to each of them, which it must answer itself.',
  usualCauses: [
    'a manager was demoted after the task was placed: constraints are checked when tasks are placed',
    'the data path between a worker and the manager is blocked: see CTL-04',
  ],
  remedy: [
    'docker service ps SERVICE and docker node ls; docker service update --force SERVICE places its tasks anew',
    'allow the data-path port (4789/udp) between all nodes',
  ],
  async run(context) {
    const { cluster, stack, probe, evidence } = context
    const { shop } = stack.networks
    const { front, back } = stack.services
    const tasks = tasksOn(stack, 'shop')
    const constrained = tasks.filter(({ service }) => service === back.name)
    const callers = cluster.nodes.flatMap(
      (node) => tasks.find((task) => task.node === node && task.service === front.name) ?? [],
    )
    const planned = callers.flatMap((from) =>
      constrained.flatMap((to) => [
        { from, to, protocol: 'icmp' as const },
        { from, to, protocol: 'tcp' as const },
      ]),
    )
    const observations = await probe.send(
      planned.map(({ from, to, protocol }) => {
        const common = { from: inTask(from), to: addressOn(to, shop), timeoutMs: 15_000 }
        return protocol === 'icmp'
          ? { ...common, kind: 'icmp', packetBytes: 84 }
          : { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) }
      }),
    )
    const tried = planned.map((entry, index) => ({
      ...entry,
      observation: observations[index] as Observation,
    }))
    evidence.observe(
      `where tasks of ${back.name} run`,
      constrained.map(({ node }) => ({ node: node.host.name, role: node.role })),
    )
    evidence.observe(
      'how they were reached',
      tried.map(({ from, to, protocol, observation }) => ({
        from: taskLabel(from),
        to: taskLabel(to),
        protocol,
        outcome: observation.outcome,
        elapsedMs: Math.round(observation.elapsedMs),
      })),
    )
    requireNone(`tasks of ${back.name} run on managers and are reached from every node`, [
      ...constrained
        .filter(({ node }) => node.role !== 'manager')
        .map((task) => `${taskLabel(task)} runs on a ${task.node.role}`),
      ...tried.flatMap((one) => {
        const problem = deliveryProblem(one)
        return problem === undefined ? [] : [`${taskLabel(one.from)} → ${taskLabel(one.to)}: ${problem}`]
      }),
    ])
    if (constrained.length === 0)
      throw new Error(`${back.name} has no running task, so its placement cannot be judged`)
    requireTaskOnEveryNode(cluster.nodes, callers, shop.name)
    evidence.conclude(
      `${constrained.map(taskLabel).join(', ')} on a manager answered ICMP and TCP from all ${callers.length} nodes`,
    )
  },
})
