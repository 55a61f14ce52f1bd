import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { gatewayInterface } from '../scene/gateway-interface.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { taskLabel } from '../scene/pair.ts'
import { internals, moby } from '../source.ts'
import { networkOf } from '../../lib/topology/cidr.ts'

const bridgeName = 'docker_gwbridge'

export const gatewayBridge = conformanceTest({
  id: 'MTU-05',
  requirement: '`docker_gwbridge` and its task interface do not exceed the uplink’s MTU.',
  source: [internals('Docker Swarm and Overlay Networks'), moby('issue 41406')],
  safety: 'production',
  needs: [],
  method:
    'On every node the MTU of docker_gwbridge and of every task’s interface on it is compared with the MTU of the interface the default route leaves by.',
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
      problems.push(
        ...[bridge, ...tasks]
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
      })
    }
    evidence.observe('MTU in bytes by node', seen)
    requireNone(`${bridgeName} and its interfaces do not exceed the uplink`, problems)
    evidence.conclude(`on ${seen.length} nodes ${bridgeName} and its interfaces fit the uplink`)
  },
})
