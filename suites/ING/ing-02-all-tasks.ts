import { requirement } from '../../lib/conformance/test.ts'
import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { ingressMissing, type Mesh, mesh, tcpPortInMesh } from '../scene/recordings/mesh.ts'
import { answersOf } from '../scene/judging/port-answers.ts'
import { docs, overlayTutorial } from '../source.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { leftToChance, through, throughNode } from './through-node.ts'

export const allTasks = requirement({
  id: 'ING-02',
  requirement: 'Requests through one node reach all tasks.',
  source: [docs('Key network concepts'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'Every node makes twice as many connections to the published port of every node, its own too, as the service has tasks; of more than nine nodes, all together make 144 to each, or twice as many as there are tasks. The answers, each of which names its task, must together name every running task, for each node asked. Where a node’s balancer chooses at random there are so many connections that chance leaves out a task in fewer than one of a hundred thousand runs.',
  usualCauses: [
    'the node’s ingress balancer does not list all tasks: see LB-02',
    'traffic on the ingress network does not pass to one node: see VXL-06 for the entries of ingress',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/ingress_sbox ipvsadm -ln on the node named',
    'docker service update --force SERVICE; if a node still differs, restart its engine',
  ],
  codes: ['task-not-reached-through-node'],
  changes: [],
  quiet: [],
  reads: [kernel, mesh],
  observe: async (lab): Promise<Seen> => ({ kernel: await lab.scene(kernel), mesh: await lab.scene(mesh) }),
  judge({ kernel: states, mesh: { asked } }, facts) {
    const { web } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === web.name)
    const port = tcpPortInMesh(web)?.publishedPort
    const published = asked.filter(({ what }) => what === 'published')
    const rows =
      published.length === 0
        ? []
        : facts.nodes.map(({ name }) => {
            const answers = published.filter(({ to }) => to === name).flatMap(({ probe }) => answersOf(probe))
            const count = ({ hostname }: TaskFacts): number =>
              answers.filter((answer) => answer === hostname).length
            return {
              way: through(name, answers, states),
              byTask: tasks.map((task) => [taskName(task), count(task)] as const),
            }
          })
    const problems = rows.flatMap(({ way }): Problem[] =>
      throughNode(way, tasks).map((problem) => ({
        ...{ ...problem, service: web.name, protocol: 'TCP' },
        ...(port === undefined ? {} : { port }),
      })),
    )
    return judgement({
      problems,
      missing: ingressMissing(facts),
      unseen: [
        ...(tasks.length === 0 ? [{ what: `a running task of ${web.name}`, nodes: [] }] : []),
        ...leftToChance(
          rows.map(({ way }) => way),
          tasks,
        ),
      ],
      tables: {
        'answers by node asked': rows.map(({ way: { node, answers }, byTask }) => ({
          ...{ through: node, answers: answers.length, byTask: Object.fromEntries(byTask) },
        })),
      },
      conclusion:
        rows.length === 0 ? '' : `through each of ${rows.length} nodes all ${tasks.length} tasks answered`,
    })
  },
})

interface Seen {
  readonly mesh: Mesh
  /** Tells how the balancers choose; not there in older runs, whose engines take turns. */
  readonly kernel?: KernelSeen
}
