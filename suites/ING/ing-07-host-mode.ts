import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { PublishedPort } from '../../lib/swarm/cluster.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { markOfPort } from '../../lib/observe/balancer-marks.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { answersOf, type PortAnswers, portAnswers, portProblems } from '../scene/judging/port-answers.ts'
import { publishing } from '../scene/recordings/publishing.ts'
import { moby } from '../source.ts'
import { type IngressTables, ingressTables } from './ingress-tables.ts'
import { wayOfPort } from '../../lib/observe/way-of-port.ts'

export const hostMode = requirement({
  id: 'ING-07',
  requirement: '`mode=host` publishing answers only where a task runs and bypasses the mesh.',
  source: [
    { document: 'Docker docs, Use Swarm mode routing mesh', section: 'Bypass the routing mesh' },
    moby('service publish mode host'),
  ],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'A service of one task publishes a port in host mode. Every node is asked on that port by every other: the node of the task must answer, by that task, and no task may answer on another node. The service must have no address on ingress, and on no node may a rule lead the port to ingress_sbox, or ingress_sbox mark it. Control: in the same call ports published through the mesh are asked on the same nodes.',
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
  codes: [
    'port-not-answered',
    'answered-by-another',
    'host-port-answered-elsewhere',
    'host-port-in-mesh',
    'host-mode-on-ingress',
  ],
  changes: [],
  quiet: [],
  reads: [publishing, kernel],
  observe: async (lab) => ({ publishing: await lab.scene(publishing), kernel: await lab.scene(kernel) }),
  judge({ publishing: { asked }, kernel: seen }, facts) {
    const { here, dual } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === here.name)
    const answers = portAnswers(asked.filter(({ service }) => service === here.name))
    const onNode = (node: string): TaskFacts[] => tasks.filter((task) => task.node === node)
    const silent = answers.filter(({ to }) => onNode(to).length === 0)
    const { got, missing, unseen } = part(
      Object.fromEntries(
        facts.nodes.map(({ name }) => [name, ingressTables(seen, name, 'firewall')] as const),
      ),
      'kernel state',
    )
    const inMesh = [...got].flatMap(([node, tables]) =>
      here.published.flatMap((port) => meshProblems(node, tables, port)),
    )
    const attached = attachedProblems(facts, tasks)
    const meshAsked = asked.filter(
      ({ service, to }) => service === dual.name && silent.some((one) => one.to === to),
    )
    const inMeshAnswered = meshAsked.filter(({ probe }) => answersOf(probe).length > 0).length
    const answered = answers.filter(({ to }) => onNode(to).length > 0)
    return judgement({
      problems: [
        ...answers.flatMap((one) => hostPortProblems(one, onNode(one.to), here.name)),
        ...inMesh,
        ...attached,
      ],
      controls:
        meshAsked.length === 0
          ? []
          : [{ name: 'ports of the mesh answered', held: inMeshAnswered > 0, observed: inMeshAnswered }],
      missing: [...missing, ...ingressMissing(facts)],
      unseen: [
        ...unseen,
        ...(answered.length > 0
          ? []
          : [{ what: `a node with a task of ${here.name}, asked by another`, nodes: [] }]),
      ],
      tables: {
        'connections to the port published in host mode': answers.map(({ from, to, port, by, silence }) => ({
          ...{ from, to, port, hasTask: onNode(to).length > 0, by, silence },
        })),
        'traces of the port in the mesh': [...inMesh, ...attached].map(({ node, subject }) => ({
          ...{ node, subject },
        })),
      },
      conclusion:
        answered.length === 0
          ? ''
          : `${answered[0]?.to} answered on port ${answered[0]?.port} to ${answered.length} nodes; ${silent.length} attempts at nodes without a task found none, and no node leads the port into the mesh`,
    })
  },
})

/** Where a task runs it must answer; where none does nothing may. The control is about silence alone. */
function hostPortProblems(answers: PortAnswers, tasks: readonly TaskFacts[], service: string): Problem[] {
  const { from, to, address, port, protocol, by } = answers
  if (tasks.length > 0)
    return portProblems(answers, { service, hostnames: new Set(tasks.map(({ hostname }) => hostname)) }).map(
      (problem) => ({ ...problem, controls: [] }),
    )
  return [...new Set(by)].map((observed): Problem => ({
    ...{ code: 'host-port-answered-elsewhere', kind: 'seen', node: to, path: { from, to }, service },
    ...{ protocol, address, port, observed: observed.slice(0, 60) },
  }))
}

function meshProblems(node: string, tables: IngressTables, port: PublishedPort): Problem[] {
  const { fromOutside, sandbox } = wayOfPort(tables, port)
  const led = fromOutside?.rule
  const toMesh = led !== undefined && sandbox !== undefined && led.leadsTo?.split(':')[0] === sandbox
  const mark = markOfPort(tables.sandbox?.firewall ?? [], port)
  const marks = mark === undefined ? [] : [`mangle PREROUTING of ${ingressNamespace}`]
  const where = { node, protocol: port.protocol.toUpperCase(), port: port.publishedPort }
  return [...(toMesh ? [`${led.table} ${led.chain}: ${led.text}`] : []), ...marks].map((subject) => ({
    ...{ ...where, code: 'host-port-in-mesh', kind: 'seen', subject },
  }))
}

function attachedProblems(
  { networks, services, manager }: ClusterFacts,
  tasks: readonly TaskFacts[],
): Problem[] {
  const { ingress } = networks
  if (ingress === undefined) return []
  const { name: service, vips } = services.here
  const vip = vips[ingress.id]
  const place = { code: 'host-mode-on-ingress', kind: 'seen', network: ingress.name, service } as const
  return [
    ...(vip === undefined || vip === '' ? [] : [{ ...place, node: manager, subject: service, address: vip }]),
    ...tasks.flatMap((task): Problem[] => {
      const address = task.endpoints[ingress.name]?.address
      return address === undefined ? [] : [{ ...place, node: task.node, subject: taskName(task), address }]
    }),
  ]
}
