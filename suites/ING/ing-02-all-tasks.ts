import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { answeredBy, mesh } from '../scene/mesh.ts'
import { taskLabel } from '../scene/pair.ts'
import { docs, overlayTutorial } from '../source.ts'

export const allTasks = conformanceTest({
  id: 'ING-02',
  requirement: 'Requests through one node reach all tasks.',
  source: [docs('Key network concepts'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'Every node makes twice as many connections to the published port of every node, its own too, as the service has tasks. The answers, each of which names its task, must together name every running task, for each node asked.',
  usualCauses: [
    'the node’s ingress balancer does not list all tasks: see LB-02',
    'traffic on the ingress network does not pass to one node: see VXL-06 for the entries of ingress',
  ],
  remedy: [
    'nsenter --net=/run/docker/netns/ingress_sbox ipvsadm -ln on the node named',
    'docker service update --force SERVICE; if a node still differs, restart its engine',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const { asked, port, tasks } = await mesh(context)
    const rows = cluster.nodes.map((node) => {
      const through = asked.filter(({ what, to }) => what === 'published' && to === node)
      const answers = through.flatMap(({ observation }) => answeredBy(observation))
      const byTask = Object.fromEntries(
        tasks.map((task) => [taskLabel(task), answers.filter((answer) => answer === task.hostname).length]),
      )
      return { through: node.host.name, answers: answers.length, byTask }
    })
    evidence.observe('answers by node asked', rows)
    requireNone(
      `requests to port ${port.publishedPort} of any node reach all tasks`,
      rows.flatMap(({ through, answers, byTask }) =>
        Object.entries(byTask)
          .filter(([, count]) => count === 0)
          .map(([task]) => `through ${through}: ${task} gave none of ${answers} answers`),
      ),
    )
    if (tasks.length === 0) throw new Error('the service has no running task')
    evidence.conclude(`through each of ${rows.length} nodes all ${tasks.length} tasks answered`)
  },
})
