import { type Planned, sendPlan } from '../../lib/conformance/send-plan.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { taskName, taskOf, tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { undelivered } from '../scene/judging/delivery.ts'
import { httpRequest } from '../scene/sending/http-request.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { overlayTutorial } from '../source.ts'
import { tasksOfService } from '../scene/sending/counted.ts'

export const placementHolds = requirement({
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
    'docker service ps SERVICE and docker node ls; docker service update --force SERVICE places its tasks again',
    'allow the data-path port (4789/udp) between all nodes',
  ],
  codes: ['placed-against-constraint', 'not-delivered', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [],
  probes: (lab) => 2 * tasksOfService(lab, 'front') * tasksOfService(lab, 'back'),
  async observe({ cluster, stack, probe }) {
    const { shop } = stack.networks
    const { front, back } = stack.services
    const tasks = tasksOn(stack, 'shop')
    const callers = cluster.nodes.flatMap(
      (node) => tasks.find((task) => task.node === node && task.service === front.name) ?? [],
    )
    const constrained = tasks.filter(({ service }) => service === back.name)
    const plan = callers.flatMap((from) =>
      constrained.flatMap((to): Planned<{ from: string; to: string; protocol: 'icmp' | 'tcp' }>[] => {
        const echo = { from: inTask(from), to: addressOn(to, shop), timeoutMs: 15_000 }
        const pair = { from: from.id, to: to.id }
        return [
          { ...pair, protocol: 'icmp', request: { ...echo, kind: 'icmp', packetBytes: 84 } },
          { ...pair, protocol: 'tcp', request: httpRequest(stack, [from, to], shop) },
        ]
      }),
    )
    return { callers: callers.map(({ id }) => id), reached: await sendPlan(probe, plan) }
  },
  judge({ callers, reached }, facts) {
    const { shop } = facts.networks
    const { back } = facts.services
    const constrained = tasksIn(facts, 'shop').filter(({ service }) => service === back.name)
    const roleOf = (name: string) => facts.nodes.find((node) => node.name === name)?.role ?? 'unknown'
    const callingTasks = callers.map((id) => taskOf(facts, id))
    return judgement({
      problems: [
        ...constrained
          .filter(({ node }) => roleOf(node) !== 'manager')
          .map((task): Problem => ({
            ...{ code: 'placed-against-constraint', kind: 'seen', node: task.node, service: back.name },
            ...{ subject: taskName(task), observed: roleOf(task.node), expected: 'manager' },
          })),
        ...reached.flatMap(({ from, to, protocol, probe }) => {
          const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
          const problem = undelivered(probe, receiver.hostname, {
            path: { from: sender.node, to: receiver.node },
            ends: { from: taskName(sender), to: taskName(receiver) },
            network: shop.name,
            protocol: protocol.toUpperCase(),
          })
          return problem ?? []
        }),
      ],
      unseen: [
        ...(constrained.length === 0 ? [{ what: `a running task of ${back.name}`, nodes: [] }] : []),
        ...unseenFromTasks(facts, callingTasks, shop.name),
      ],
      tables: {
        [`where tasks of ${back.name} run`]: constrained.map(({ node }) => ({ node, role: roleOf(node) })),
        'how they were reached': reached.map(({ from, to, protocol, probe }) => ({
          from: taskName(taskOf(facts, from)),
          to: taskName(taskOf(facts, to)),
          protocol,
          outcome: probe.outcome,
          elapsedMs: Math.round(probe.elapsedMs),
        })),
      },
      conclusion: `${constrained.map(taskName).join(', ')} on a manager answered ICMP and TCP from all ${callers.length} nodes`,
    })
  },
})
