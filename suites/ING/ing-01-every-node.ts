import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { answeredBy, mesh } from '../scene/mesh.ts'
import { docs, overlayTutorial } from '../source.ts'

export const everyNode = conformanceTest({
  id: 'ING-01',
  requirement: 'A published TCP port answers on every node, with or without a task there, manager or worker.',
  source: [docs('Key network concepts'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes', 'ipvs'],
  method:
    'Each node is asked on the published port of a service by every node, from that one’s own network namespace, as a client outside would, and as a client on the node itself would. One node runs no task of the service. Every connection must be answered by a running task of the service.',
  usualCauses: [
    'a firewall on the node was reloaded and the engine’s rules are gone: see ING-05',
    'the kernel has no ip_vs',
    'something else on the node listens on the port',
    'traffic on the ingress network does not pass between some nodes: see OVL-03, VXL-06',
  ],
  remedy: [
    'curl http://NODE:PORT/ from another node, for each node',
    'iptables -t nat -S DOCKER-INGRESS on the node that does not answer; if it is empty, restart its engine',
    'nsenter --net=/run/docker/netns/ingress_sbox ipvsadm -ln',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const { asked, port, tasks } = await mesh(context)
    const hostnames = new Set(tasks.map((task) => task.hostname))
    const rows = asked
      .filter(({ what }) => what === 'published')
      .map(({ from, to, target, observation }) => {
        const answers = answeredBy(observation)
        return {
          from: from.host.name,
          to: to.host.name,
          role: to.role,
          hasTask: tasks.some((task) => task.node === to),
          target,
          connections: observation.replies.length,
          answered: answers.filter((answer) => hostnames.has(answer)).length,
          outcome: observation.outcome,
        }
      })
    evidence.observe('connections to the published port', rows)
    requireNone(
      `port ${port.publishedPort} answers on every node`,
      rows
        .filter(({ answered, connections }) => answered < connections)
        .map(
          ({ from, to, target, answered, connections, outcome, hasTask }) =>
            `${to} (${hasTask ? 'has a task' : 'has no task'}), asked by ${from} at ${target}: ${answered} of ${connections} connections answered, ${outcome}`,
        ),
    )
    const without = cluster.nodes.filter((node) => !tasks.some((task) => task.node === node))
    evidence.conclude(
      `${rows.reduce((sum, { answered }) => sum + answered, 0)} connections to ${cluster.nodes.length} nodes were answered, ${without.length === 0 ? 'each of which has a task' : `also by ${without.map(({ host }) => host.name).join(', ')} without a task`}`,
    )
  },
})
