import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { discovery, lookupsOf } from '../scene/discovery.ts'
import { addressOn, requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'
import { resolutionProblem, summaryOf } from './resolution.ts'

export const tasksName = conformanceTest({
  id: 'DSC-02',
  requirement: '`tasks.<service>` resolves to exactly the running tasks’ IPs, on every node.',
  source: [docs('Configure service discovery'), docs('Container discovery')],
  safety: 'production',
  quick: true,
  needs: [],
  method:
    'Every task of the clear network asks for tasks.<service> of both services there. Each answer must hold the address of every running task, as the swarm knows it, and no other.',
  usualCauses: [
    'gossip (7946) does not reach a node, so it misses new tasks or keeps old ones',
    'a task is shutting down or its health check has not passed yet',
    'stale records after a node went away without leaving',
  ],
  remedy: [
    'docker service ps SERVICE; nsenter -t PID -n nslookup tasks.SERVICE 127.0.0.11 on the node named',
    'check 7946 tcp and udp to that node (CTL-02, CTL-03), then restart its engine',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { clear } = stack.networks
    const asked = await discovery(context)
    const looks = [stack.services.web, stack.services.rr].map(({ name }) => ({
      lookups: lookupsOf(asked, `tasks.${name}`),
      expected: new Map(
        tasksOn(stack, 'clear')
          .filter(({ service }) => service === name)
          .map((task) => [addressOn(task, clear), taskLabel(task)]),
      ),
    }))
    for (const { lookups, expected } of looks) {
      evidence.observe(`answers for ${lookups[0]?.name ?? 'nothing'}`, {
        runningTasks: expected,
        answers: summaryOf(lookups),
      })
    }
    if (looks.some(({ lookups, expected }) => lookups.length === 0 || expected.size === 0)) {
      throw new Error('a service has no running task, or no task runs on the clear network to ask')
    }
    requireNone(
      'tasks.<service> resolves to the running tasks and nothing else',
      looks.flatMap(({ lookups, expected }) =>
        lookups.flatMap((lookup) => resolutionProblem(lookup, expected) ?? []),
      ),
    )
    const answers = looks.flatMap(({ lookups }) => lookups)
    requireTaskOnEveryNode(
      cluster.nodes,
      answers.map(({ from }) => from),
      clear.name,
    )
    evidence.conclude(
      `${answers.length} answers on ${new Set(answers.map(({ from }) => from.node)).size} nodes hold exactly the running tasks (${looks.map(({ lookups, expected }) => `${lookups[0]?.name}: ${expected.size}`).join(', ')})`,
    )
  },
})
