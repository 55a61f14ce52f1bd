import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import type { PublishedPort } from '../../lib/swarm/cluster.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { markOfPort } from '../scene/balancer.ts'
import { namespaceOf, rootOf, stateOf } from '../scene/kernel.ts'
import { answeredBy } from '../scene/mesh.ts'
import { outcomeText } from '../scene/outcome.ts'
import { taskLabel } from '../scene/pair.ts'
import { publishing } from '../scene/publishing.ts'
import { moby } from '../source.ts'

export const hostMode = conformanceTest({
  id: 'ING-07',
  requirement: '`mode=host` publishing answers only where a task runs and bypasses the mesh.',
  source: [
    { document: 'Docker docs, Use Swarm mode routing mesh', section: 'Bypass the routing mesh' },
    moby('service publish mode host'),
  ],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'A service of one task publishes a port in host mode. Every node is asked on that port by every other: the node of the task must answer, by that task, and no task may answer on another node. The service must have no address on ingress, and on no node may DOCKER-INGRESS forward the port or ingress_sbox mark it. Control: in the same call ports published through the mesh are asked on the same nodes.',
  usualCauses: [
    'a firewall on the node drops the port: host mode needs it open there, as for any container',
    'somebody relays the port on other nodes (a proxy, a NAT rule)',
    'the service was published through ingress before, and its rules were left behind',
  ],
  remedy: [
    'docker service ps SERVICE and curl http://NODE:PORT/ for each node',
    'iptables -t nat -S | grep PORT on the node named; ss -ltnp | grep PORT',
    'docker service inspect SERVICE --format "{{json .Endpoint}}"',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { asked, hereTasks } = await publishing(context)
    const states = await context.state()
    const { here } = stack.services
    const { ingress } = stack.networks
    const rows = asked
      .filter(({ service }) => service === here)
      .map(({ from, to, port, observation }) => ({
        from: from.host.name,
        to: to.host.name,
        port: port.publishedPort,
        task: hereTasks.find((task) => task.node === to),
        outcome: outcomeText(observation),
        answers: answeredBy(observation),
      }))
    evidence.observe(
      'connections to the port published in host mode',
      rows.map(({ task, ...row }) => ({ ...row, hasTask: task !== undefined })),
    )
    const wrong = rows.flatMap(({ from, to, port, task, outcome, answers }) => {
      if (task === undefined)
        return answers.map((answer) => `${to} has no task, but on ${port} ${answer} answered ${from}`)
      if (answers.length > 0 && answers.every((answer) => answer === task.hostname)) return []
      return [`${to} runs ${taskLabel(task)}, but ${from} got on ${port}: ${answers.join(', ') || outcome}`]
    })
    const inMesh = cluster.nodes.flatMap((node) => {
      const state = stateOf(states, node)
      const sandbox = namespaceOf(state, ingressNamespace, 'iptables-save')
      return here.published.flatMap((port) =>
        meshRules(rootOf(state, 'iptables-save'), sandbox, port).map((what) => `${node.host.name}: ${what}`),
      )
    })
    const attached = [
      ...(here.vips[ingress.id] === undefined ? [] : [`${here.name} has a VIP on ${ingress.name}`]),
      ...hereTasks
        .filter((task) => task.endpoints[ingress.name] !== undefined)
        .map((task) => `${taskLabel(task)} has an address on ${ingress.name}`),
    ]
    evidence.observe('traces of the port in the mesh', [...inMesh, ...attached])
    requireNone('a port published in host mode answers where its task runs, past the mesh', [
      ...wrong,
      ...inMesh,
      ...attached,
    ])
    const answered = rows.filter(({ task }) => task !== undefined)
    const silent = rows.filter(({ task }) => task === undefined)
    if (answered.length === 0) throw new Error(`service ${here.name} has no task whose node could be asked`)
    evidence.conclude(
      `${answered[0]?.to} answered on port ${answered[0]?.port} to ${answered.length} nodes; ${silent.length} attempts at nodes without a task found none, and no node leads the port into the mesh`,
    )
  },
})

function meshRules(
  root: HostState['root'],
  sandbox: NamespaceState | undefined,
  port: PublishedPort,
): string[] {
  const rules = root.firewall
    .filter(({ chain }) => chain === 'DOCKER-INGRESS')
    .filter(({ rule }) => new RegExp(`--[ds]port ${port.publishedPort}( |$)`).test(rule))
    .map(({ table, rule }) => `${table} DOCKER-INGRESS holds ${rule}`)
  const mark = markOfPort(sandbox?.firewall ?? [], port)
  return mark === undefined ? rules : [...rules, `ingress_sbox marks port ${port.publishedPort} with ${mark}`]
}
