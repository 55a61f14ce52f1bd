import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, taskName, tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { discovery, lookupsOf } from '../scene/recordings/discovery.ts'
import { answersTable, nameProblems } from '../scene/judging/name-problems.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { docs } from '../source.ts'
import { namesLostAfterCut, namesMissingIn282 } from '../known-issues.ts'

export const tasksName = requirement({
  id: 'DSC-02',
  requirement: '`tasks.<service>` resolves to exactly the running tasks’ IPs, on every node.',
  source: [docs('Configure service discovery'), docs('Container discovery')],
  safety: 'production',
  quick: true,
  needs: [],
  knownIssues: [namesLostAfterCut, namesMissingIn282],
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
  codes: ['name-lacks-task', 'name-lists-stranger', 'name-not-answered', 'name-refused', 'name-lists-twice'],
  changes: [],
  quiet: ['changes'],
  reads: [discovery],
  observe: async (lab) => ({ discovery: await lab.scene(discovery) }),
  judge(seen, facts) {
    const { clear } = facts.networks
    const looks = [facts.services.web, facts.services.rr].map(({ name: service }) => ({
      service,
      name: `tasks.${service}`,
      lookups: lookupsOf(seen.discovery, `tasks.${service}`),
      expected: new Map(
        tasksIn(facts, 'clear')
          .filter((task) => task.service === service)
          .map((task) => [addressIn(task, clear), taskName(task)]),
      ),
    }))
    const answers = looks.flatMap(({ lookups }) => lookups)
    const without = looks.filter(({ expected }) => expected.size === 0)
    return judgement({
      problems: looks.flatMap(({ service, lookups, expected }) =>
        lookups.flatMap((lookup) => nameProblems(lookup, expected, { network: clear.name, service })),
      ),
      unseen: [
        ...unseenFrom(facts, 'clear'),
        ...without.map(({ service }) => ({ what: `a running task of ${service}`, nodes: [] })),
      ],
      tables: Object.fromEntries(
        looks.map(({ name, lookups, expected }) => [
          `answers for ${name}`,
          { runningTasks: Object.fromEntries(expected), answers: answersTable(lookups) },
        ]),
      ),
      conclusion:
        answers.length === 0
          ? ''
          : `${answers.length} answers on ${new Set(answers.map(({ probe }) => probe.fromNode)).size} nodes hold exactly the running tasks (${looks.map(({ name, expected }) => `${name}: ${expected.size}`).join(', ')})`,
    })
  },
})
