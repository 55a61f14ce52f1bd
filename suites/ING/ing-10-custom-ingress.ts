import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { interfaceOf, namespaceOf, stateOf } from '../scene/kernel.ts'
import { answeredBy, mesh } from '../scene/mesh.ts'
import { overlayMtu, statedMtu } from '../scene/overlay-mtu.ts'
import { taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'
import { contains } from '../../lib/topology/cidr.ts'

export const customIngress = conformanceTest({
  id: 'ING-10',
  requirement:
    'Ingress recreated with another name, subnet 10.11.0.0/16, gateway 10.11.0.2, MTU 1200 serves published ports again.',
  source: [docs('Customize the ingress network')],
  safety: 'lab',
  needs: ['two-nodes', 'ipvs', 'custom-ingress'],
  method:
    'Ingress was removed and made anew with the settings of the topology before any service published. The manager must state its name, subnet and gateway; on every node the ingress sandbox and every task that publishes must have an address of the subnet that is not the gateway’s, on an interface with the MTU that follows. Then every node is asked on the published port by every other, and a task must answer each time.',
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
  async run(context) {
    const { cluster, stack, topology, evidence } = context
    const wanted = topology.swarm.ingress
    if (wanted === undefined) throw new Error(`topology ${topology.name} leaves ingress as it is`)
    const { ingress } = stack.networks
    const manager = cluster.manager.host.name
    const states = await context.state()
    const options =
      wanted.mtuBytes === undefined ? {} : { 'com.docker.network.driver.mtu': String(wanted.mtuBytes) }
    const mtuBytes = overlayMtu(statedMtu(options), ingress)
    const problems = (['name', 'subnet', 'gateway'] as const)
      .filter((key) => ingress[key] !== wanted[key])
      .map((key) => `${manager} states ${key} ${ingress[key]} for ingress, asked for was ${wanted[key]}`)
    const seen: object[] = []
    for (const node of cluster.nodes) {
      const state = stateOf(states, node)
      const sandbox = (namespaceOf(state, ingressNamespace, 'ip')?.links ?? [])
        .filter((link) =>
          link.addresses.some(({ address, family }) => family === 'inet' && contains(wanted.subnet, address)),
        )
        .map((link) => ({ what: `${link.name} of the ingress sandbox`, link }))
      if (sandbox.length === 0)
        problems.push(`${node.host.name}: the ingress sandbox has no address of ${wanted.subnet}`)
      const tasks = stack.tasks.flatMap((task) => {
        const endpoint = task.node === node ? task.endpoints[ingress.name] : undefined
        if (endpoint === undefined) return []
        const link = interfaceOf(state, endpoint)
        if (link === undefined)
          problems.push(`${node.host.name}: no interface of ${taskLabel(task)} has ${endpoint.address}`)
        return link === undefined ? [] : [{ what: `${link.name} of ${taskLabel(task)}`, link }]
      })
      for (const { what, link } of [...sandbox, ...tasks]) {
        if (link.mtuBytes !== mtuBytes)
          problems.push(`${node.host.name}: ${what} has MTU ${link.mtuBytes}, expected ${mtuBytes}`)
        for (const { address } of link.addresses.filter(({ family }) => family === 'inet')) {
          if (!contains(wanted.subnet, address))
            problems.push(
              `${node.host.name}: ${what} has address ${address}, expected one of ${wanted.subnet}`,
            )
          if (address === wanted.gateway)
            problems.push(`${node.host.name}: ${what} has the gateway’s address`)
        }
      }
      seen.push({
        node: node.host.name,
        interfaces: [...sandbox, ...tasks].map(
          ({ what, link }) => `${what}: ${link.addresses[0]?.address}, MTU ${link.mtuBytes}`,
        ),
      })
    }
    const { asked, tasks, port } = await mesh(context)
    const hostnames = new Set(tasks.map((task) => task.hostname))
    const rows = asked
      .filter(({ what }) => what === 'published')
      .map(({ from, to, observation }) => ({
        from: from.host.name,
        to: to.host.name,
        connections: observation.replies.length,
        answered: answeredBy(observation).filter((answer) => hostnames.has(answer)).length,
      }))
    problems.push(
      ...rows
        .filter(({ answered, connections }) => answered < connections)
        .map(
          ({ from, to, answered, connections }) =>
            `${to}, asked by ${from} on port ${port.publishedPort}: ${answered} of ${connections} connections answered`,
        ),
    )
    evidence.observe('asked for', wanted)
    evidence.observe('interfaces on ingress by node', seen)
    evidence.observe('connections to the published port', rows)
    requireNone(`${wanted.name} has the settings asked for and serves published ports`, problems)
    evidence.conclude(
      `${wanted.name} has subnet ${wanted.subnet}, gateway ${wanted.gateway} and MTU ${mtuBytes} on its interfaces on ${seen.length} nodes; ${rows.reduce((sum, { answered }) => sum + answered, 0)} connections to port ${port.publishedPort} were answered, through every node`,
    )
  },
})
