import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, nodeOf, taskName, taskOf, tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { undelivered } from '../scene/delivery.ts'
import { addressOn, inTask } from '../scene/pair.ts'
import { unseenFromTasks } from '../scene/unseen-from.ts'
import { overlayTutorial } from '../source.ts'

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
    'docker service ps SERVICE and docker node ls; docker service update --force SERVICE places its tasks anew',
    'allow the data-path port (4789/udp) between all nodes',
  ],
  codes: ['constraint-not-kept', 'not-delivered', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [],
  observe: async (lab) => ({ tried: await tryConstrained(lab) }),
  judge({ tried }, facts) {
    const { shop } = facts.networks
    const { front, back } = facts.services
    const tasks = tasksIn(facts, 'shop')
    const constrained = tasks.filter(({ service }) => service === back.name)
    const callers = [...new Set(tried.map(({ from }) => from))].map((id) => taskOf(facts, id))
    return judgement({
      problems: [
        ...constrained.flatMap((task): Problem[] => {
          const { role } = nodeOf(facts, task.node)
          const where = { node: task.node, service: task.service, subject: taskName(task) }
          return role === 'manager'
            ? []
            : [{ ...where, code: 'constraint-not-kept', kind: 'seen', expected: 'manager', observed: role }]
        }),
        ...tried.flatMap((one) => triedProblem(one, facts) ?? []),
      ],
      unseen: [
        ...(constrained.length === 0 ? [{ what: `a running task of ${back.name}`, nodes: [] }] : []),
        ...unseenFromTasks(
          facts,
          tasks.filter(({ service }) => service === front.name),
          front.name,
        ),
      ],
      tables: {
        [`where tasks of ${back.name} run`]: constrained.map(({ node }) => ({
          node,
          role: nodeOf(facts, node).role,
        })),
        'how they were reached': tried.map(({ to, protocol, probe }) => ({
          ...{ from: probe.from, to: taskName(taskOf(facts, to)), protocol, outcome: probe.outcome },
          elapsedMs: Math.round(probe.elapsedMs),
        })),
      },
      conclusion:
        tried.length === 0
          ? ''
          : `${constrained.map(taskName).join(', ')} on a manager answered ICMP and TCP from all ${callers.length} nodes of ${shop.name}`,
    })
  },
})

interface Trying {
  /** Ids of tasks: of one on each node, and of a constrained one. */
  readonly from: string
  readonly to: string
  readonly protocol: 'icmp' | 'tcp'
}

function tryConstrained({ cluster, stack, probe }: ObserveContext): Promise<Sent<Trying>[]> {
  const { shop } = stack.networks
  const { front, back } = stack.services
  const tasks = tasksOn(stack, 'shop')
  const constrained = tasks.filter(({ service }) => service === back.name)
  const callers = cluster.nodes.flatMap(
    (node) => tasks.find((task) => task.node === node && task.service === front.name) ?? [],
  )
  const plan = callers.flatMap((from) =>
    constrained.flatMap((to): Planned<Trying>[] => {
      const common = { from: inTask(from), to: addressOn(to, shop), timeoutMs: 15_000 }
      const entry = { from: from.id, to: to.id }
      return [
        { ...entry, protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes: 84 } },
        {
          ...{ ...entry, protocol: 'tcp' },
          request: { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) },
        },
      ]
    }),
  )
  return sendPlan(probe, plan)
}

function triedProblem({ from, to, protocol, probe }: Sent<Trying>, facts: ClusterFacts): Problem | undefined {
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  return undelivered(probe, receiver.hostname, {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    ...{ network: facts.networks.shop.name, service: receiver.service, protocol: protocol.toUpperCase() },
  })
}
