import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { gatewayInterface } from '../scene/gateway-interface.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { namespaceOf, rootOf, stateOf } from '../scene/kernel.ts'
import { taskLabel } from '../scene/pair.ts'
import { internals, moby } from '../source.ts'
import { contains, networkOf } from '../../lib/topology/cidr.ts'

const bridgeName = 'docker_gwbridge'

export const gatewayBridge = conformanceTest({
  id: 'MTU-05',
  requirement: '`docker_gwbridge` and its task interface do not exceed the uplink’s MTU.',
  source: [internals('Docker Swarm and Overlay Networks'), internals('ingress'), moby('issue 41406')],
  safety: 'production',
  needs: [],
  method:
    'On every node the MTU of docker_gwbridge, and of the interfaces of every task and of the ingress sandbox on it, is compared with the MTU of the interface the default route leaves by.',
  usualCauses: [
    'the uplink carries less than 1500; docker_gwbridge takes 1500 unless it is created by hand before the node joins',
  ],
  remedy: [
    'leave the swarm, remove docker_gwbridge, docker network create --opt com.docker.network.driver.mtu=UPLINK-MTU --subnet … docker_gwbridge, join again',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const states = await context.state()
    const problems: string[] = []
    const seen: object[] = []
    for (const node of cluster.nodes) {
      const state = stateOf(states, node)
      const { links, routes } = rootOf(state, 'ip')
      const device = routes.find(({ destination }) => destination === 'default')?.device
      const uplink = links.find(({ name }) => name === (device ?? node.advertise.interface))
      const bridge = links.find(({ name }) => name === bridgeName)
      if (uplink === undefined) throw new Error(`${node.host.name}: the uplink's interface was not found`)
      if (bridge === undefined) {
        problems.push(`${node.host.name}: there is no ${bridgeName}`)
        continue
      }
      const subnets = bridge.addresses
        .filter(({ family }) => family === 'inet')
        .map(({ address, prefixLength }) => networkOf(`${address}/${prefixLength}`))
      const tasks = stack.tasks.flatMap((task) => {
        const found = task.node === node ? gatewayInterface(task, states, subnets) : undefined
        if (found === undefined) return []
        const { name, mtuBytes } = found.link
        return [{ name: `${name} of ${taskLabel(task)}`, mtuBytes }]
      })
      const sandbox = sandboxInterfaces(state, subnets)
      problems.push(
        ...[bridge, ...tasks, ...sandbox]
          .filter(({ mtuBytes }) => mtuBytes > uplink.mtuBytes)
          .map(
            ({ name, mtuBytes }) =>
              `${node.host.name}: ${name} has MTU ${mtuBytes}, its uplink ${uplink.name} ${uplink.mtuBytes}`,
          ),
      )
      seen.push({
        node: node.host.name,
        uplink: `${uplink.name} ${uplink.mtuBytes}`,
        bridge: bridge.mtuBytes,
        tasks: tasks.map(({ mtuBytes }) => mtuBytes),
        ingressSandbox: sandbox.map(({ mtuBytes }) => mtuBytes),
      })
    }
    evidence.observe('MTU in bytes by node', seen)
    requireNone(`${bridgeName} and its interfaces do not exceed the uplink`, problems)
    evidence.conclude(`on ${seen.length} nodes ${bridgeName} and its interfaces fit the uplink`)
  },
})

/** Interfaces of the ingress sandbox in one of these subnets. */
function sandboxInterfaces(state: HostState, subnets: readonly string[]) {
  const links = namespaceOf(state, ingressNamespace, 'ip')?.links ?? []
  return links
    .filter(({ addresses }) =>
      addresses.some(
        ({ address, family }) => family === 'inet' && subnets.some((subnet) => contains(subnet, address)),
      ),
    )
    .map(({ name, mtuBytes }) => ({ name: `${name} of ${ingressNamespace}`, mtuBytes }))
}
