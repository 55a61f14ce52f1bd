import { requirement } from '../../lib/conformance/test.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { IngressSpec } from '../../lib/topology/topology.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { ingressMissing, mesh, tcpPortInMesh } from '../scene/recordings/mesh.ts'
import { overlayMtu, statedMtu } from '../scene/judging/overlay-mtu.ts'
import { portAnswers, portProblems } from '../scene/judging/port-answers.ts'
import { docs } from '../source.ts'
import { ingressTables } from './ingress-tables.ts'
import { ingressInterfaceProblems, onIngress } from './on-ingress.ts'

export const customIngress = requirement({
  id: 'ING-10',
  requirement:
    'Ingress recreated with another name, subnet 10.11.0.0/16, gateway 10.11.0.2, MTU 1200 serves published ports again.',
  source: [docs('Customize the ingress network')],
  safety: 'lab',
  needs: ['two-nodes', 'ipvs', 'custom-ingress'],
  method:
    'Ingress was removed and recreated with the settings of the topology before any service published. The manager must state its name, subnet and gateway; on every node the ingress sandbox and every task that publishes must have an address of the subnet that is not the gateway’s, on an interface with the MTU that follows. Then every node is asked on the published port by every other, and a task must answer each time.',
  usualCauses: [
    'a service was created while there was no ingress and was not updated since',
    'the old ingress was not gone on a node yet when the new one was made',
    'the subnet overlaps one of the hosts’ or of another network',
  ],
  remedy: [
    'docker network inspect INGRESS on a manager and on the node named',
    'nsenter --net=/run/docker/netns/ingress_sbox ip addr on the node named',
    'docker service update --force SERVICE once the new ingress is there',
  ],
  codes: [
    'ingress-setting-differs',
    'ingress-sandbox-without-address',
    'ingress-interface-missing',
    'ingress-mtu-differs',
    'ingress-address-outside',
    'ingress-gateway-address-used',
    'port-not-answered',
    'own-port-not-answered',
    'answered-by-another',
  ],
  changes: [],
  quiet: [],
  reads: [kernel, mesh],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), mesh: await lab.scene(mesh) }),
  judge({ kernel: seen, mesh: { asked } }, facts) {
    const wanted = facts.topology.swarm.ingress
    const { ingress } = facts.networks
    if (wanted === undefined || ingress === undefined)
      return judgement({
        missing: [
          ...(wanted === undefined
            ? [{ what: 'ingress settings in the topology', of: 'topology', nodes: [] } as const]
            : []),
          ...ingressMissing(facts),
        ],
        conclusion: '',
      })
    const { web } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === web.name)
    const behind = { service: web.name, hostnames: new Set(tasks.map(({ hostname }) => hostname)) }
    const answers = portAnswers(asked.filter(({ what }) => what === 'published'))
    const mtuBytes = mtuOf(wanted, ingress)
    const { got, missing, unseen } = part(
      Object.fromEntries(
        facts.nodes.map(({ name }) => [name, ingressTables(seen, name, 'devices')] as const),
      ),
      'kernel state',
    )
    const nodes = [...got].map(([node, tables]) => onIngress(node, tables, seen[node], facts))
    const answered = answers.reduce((sum, one) => sum + one.answered, 0)
    return judgement({
      problems: [
        ...settingProblems(facts.manager, ingress, wanted),
        ...nodes.flatMap((one) => ingressInterfaceProblems(one, wanted, mtuBytes)),
        ...answers.flatMap((one) => portProblems(one, behind)),
      ],
      missing,
      unseen: [...unseen, ...nodes.flatMap((one) => one.unseen)],
      tables: {
        'asked for': wanted,
        'interfaces on ingress by node': nodes.map(({ node, interfaces }) => ({
          node,
          interfaces: interfaces.map(
            ({ subject, link }) => `${subject}: ${link.addresses[0]?.address}, MTU ${link.mtuBytes}`,
          ),
        })),
        'connections to the published port': answers.map(({ from, to, sent, answered: count }) => ({
          ...{ from, to, connections: sent, answered: count },
        })),
      },
      conclusion:
        answers.length === 0 || tasks.length === 0
          ? ''
          : `${wanted.name} has subnet ${wanted.subnet}, gateway ${wanted.gateway} and MTU ${mtuBytes} on its interfaces on ${nodes.length} nodes; ${answered} connections to port ${tcpPortInMesh(web)?.publishedPort} were answered, through every node`,
    })
  },
})

type Ingress = NonNullable<ClusterFacts['networks']['ingress']>

function mtuOf({ mtuBytes }: IngressSpec, ingress: Ingress): number {
  const options = mtuBytes === undefined ? {} : { 'com.docker.network.driver.mtu': String(mtuBytes) }
  return overlayMtu(statedMtu(options), ingress)
}

function settingProblems(node: string, ingress: Ingress, wanted: IngressSpec): Problem[] {
  return (['name', 'subnet', 'gateway'] as const)
    .filter((key) => ingress[key] !== wanted[key])
    .map((key) => ({
      ...{ code: 'ingress-setting-differs', kind: 'seen', node, subject: key },
      ...{ expected: wanted[key], observed: ingress[key] },
    }))
}
