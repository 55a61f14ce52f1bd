import { requirement } from '../../lib/conformance/test.ts'
import { shortList } from '../../lib/observation/finding.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { ingressMissing, mesh, tcpPortInMesh } from '../scene/recordings/mesh.ts'
import { portAnswers, portProblems } from '../scene/judging/port-answers.ts'
import { docs, overlayTutorial } from '../source.ts'

export const everyNode = requirement({
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
    'by `localhost` alone: engines before 29.8 accept connections to [::1] and answer none (moby/moby#53091); this requirement asks by IPv4, as 127.0.0.1 does',
  ],
  remedy: [
    'curl http://NODE:PORT/ from another node, for each node',
    'iptables -t nat -S | grep PORT on the node that does not answer; if no DNAT rule is there, restart its engine',
    'nsenter --net=/run/docker/netns/ingress_sbox ipvsadm -ln',
  ],
  codes: ['port-not-answered', 'own-port-not-answered', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [mesh],
  observe: async (lab) => ({ mesh: await lab.scene(mesh) }),
  judge({ mesh: { asked } }, facts) {
    const { web } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === web.name)
    const behind = { service: web.name, hostnames: new Set(tasks.map(({ hostname }) => hostname)) }
    const answers = portAnswers(asked.filter(({ what }) => what === 'published'))
    const hasTask = (node: string): boolean => tasks.some((task) => task.node === node)
    const without = facts.nodes.filter(({ name }) => !hasTask(name)).map(({ name }) => name)
    const answered = answers.reduce((sum, one) => sum + one.answered, 0)
    return judgement({
      problems: tasks.length === 0 ? [] : answers.flatMap((one) => portProblems(one, behind)),
      missing: ingressMissing(facts),
      unseen: tasks.length === 0 ? [{ what: `a running task of ${web.name}`, nodes: [] }] : [],
      tables: {
        [`connections to published port ${tcpPortInMesh(web)?.publishedPort ?? ''}`]: answers.map(
          ({ from, to, address, sent, answered: count, silence }) => ({
            ...{ from, to, role: facts.nodes.find(({ name }) => name === to)?.role },
            ...{ hasTask: hasTask(to), address, connections: sent, answered: count, silence },
          }),
        ),
      },
      conclusion:
        answers.length === 0
          ? ''
          : `${answered} connections to ${facts.nodes.length} nodes were answered, ${without.length === 0 ? 'each of which has a task' : `also by ${shortList(without, 12).join(', ')} without a task`}`,
    })
  },
})
