import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts, ServiceFacts } from '../../lib/observation/facts.ts'
import { taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { answersOf } from '../scene/judging/port-answers.ts'
import { type PortAsked, type Publishing, publishing } from '../scene/recordings/publishing.ts'
import { docs } from '../source.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { leftToChance, type Through, through, throughNode } from './through-node.ts'

export const shortAndLong = requirement({
  id: 'ING-04',
  requirement: 'Short and long `--publish` syntax behave the same.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'One service publishes the same target port twice, once by each syntax. The manager must hold the same settings for both but for the number of the port, and on every node, asked by every other, the same tasks must answer on either port.',
  usualCauses: [
    'the rules for one of the ports are gone from a node: see ING-05',
    'a firewall between the nodes lets one of the ports pass only',
  ],
  remedy: [
    'docker service inspect SERVICE --format "{{json .Endpoint.Ports}}"',
    'iptables -t nat -S | grep DNAT on the node named: one rule per port; restart its engine if one is missing',
  ],
  codes: ['publish-syntaxes-differ', 'task-not-reached-through-node', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [kernel, publishing],
  observe: async (lab): Promise<Seen> => ({
    ...{ kernel: await lab.scene(kernel), publishing: await lab.scene(publishing) },
  }),
  judge({ kernel: states, publishing: { asked } }, facts) {
    const { dual } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === dual.name)
    const [long, short, ...others] = dual.published
      .filter(({ protocol }) => protocol === 'tcp')
      .toSorted((a, b) => a.publishedPort - b.publishedPort)
    const missing = ingressMissing(facts)
    if (long === undefined || short === undefined || others.length > 0 || tasks.length === 0)
      return judgement({
        missing,
        unseen: [{ what: `tasks of ${dual.name} behind two published TCP ports`, nodes: [] }],
        conclusion: '',
      })
    const rows = facts.nodes.map(({ name: node }) => ({
      node,
      long: through(node, answering(asked, dual, node, long), states),
      short: through(node, answering(asked, dual, node, short), states),
    }))
    const names = new Map(tasks.map((task) => [task.hostname, taskName(task)]))
    const shown = ({ answers }: Through): string[] =>
      [...new Set(answers.map((answer) => names.get(answer) ?? answer))].sort()
    return judgement({
      problems: [
        ...settingsProblems(facts, long, short),
        ...rows.flatMap((row) => [
          ...answerProblems(row.long, facts, long),
          ...answerProblems(row.short, facts, short),
        ]),
      ],
      missing,
      unseen: leftToChance(
        rows.flatMap((row) => [row.long, row.short]),
        tasks,
      ),
      tables: {
        'what the manager holds of each': { long, short },
        'tasks that answered, by node asked': rows.map((row) => ({
          ...{ node: row.node, long: shown(row.long), short: shown(row.short) },
        })),
      },
      conclusion: `ports ${long.publishedPort} (long) and ${short.publishedPort} (short) have the same settings, and on each of ${rows.length} nodes the same ${names.size} tasks answer on both`,
    })
  },
})

interface Seen {
  readonly publishing: Publishing
  /** Tells how the balancers choose; not there in older runs, whose engines take turns. */
  readonly kernel?: KernelSeen
}

type Port = ServiceFacts['published'][number]

/** What answered connections to a port of a node, once each. */
function answering(
  asked: readonly PortAsked[],
  { name }: ServiceFacts,
  node: string,
  { publishedPort }: Port,
): string[] {
  const answers = asked
    .filter(({ service, to, probe }) => service === name && to === node && probe.port === publishedPort)
    .filter(({ probe }) => probe.kind === 'tcp')
  return answers.flatMap(({ probe }) => answersOf(probe))
}

function settingsProblems({ manager, services }: ClusterFacts, long: Port, short: Port): Problem[] {
  const [expected, observed] = [long, short].map(({ protocol, targetPort, mode }) =>
    JSON.stringify({ protocol, targetPort, mode }),
  )
  if (expected === undefined || observed === undefined || expected === observed) return []
  const where = { node: manager, service: services.dual.name, port: short.publishedPort }
  return [{ ...where, code: 'publish-syntaxes-differ', kind: 'seen', expected, observed }]
}

function answerProblems(
  way: Through,
  { services, tasks }: ClusterFacts,
  { publishedPort: port }: Port,
): Problem[] {
  const { name: service } = services.dual
  const behind = tasks.filter((task) => task.service === service)
  const place = { service, protocol: 'TCP', port }
  const { node, answers } = way
  const strangers = [...new Set(answers)].filter(
    (answer) => !behind.some(({ hostname }) => hostname === answer),
  )
  return [
    ...throughNode(way, behind).map((problem) => ({ ...problem, ...place })),
    ...strangers.map((stranger): Problem => ({
      ...{ ...place, code: 'answered-by-another', kind: 'seen', node },
      ...{ expected: service, observed: stranger.slice(0, 60) },
    })),
  ]
}
