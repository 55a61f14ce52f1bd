import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { gatewayInterface } from '../scene/gateway-interface.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { taskLabel } from '../scene/pair.ts'
import { networkViews } from '../scene/views.ts'
import { docs } from '../source.ts'
import { contains, networkOf } from '../../lib/topology/cidr.ts'

const bridgeName = 'docker_gwbridge'

export const customised = conformanceTest({
  id: 'GWB-04',
  requirement: 'Customised before init/join (subnet, MTU), docker_gwbridge keeps its settings.',
  source: [docs('Customize the docker_gwbridge')],
  safety: 'lab',
  needs: ['custom-gateway-bridge'],
  method:
    'The bridge was made on every node before it joined, with a subnet and an MTU of the topology’s. On every node the engine’s own view of the network must still state both; the bridge’s address and every task’s address on it must lie in the subnet, and every task’s interface on it must have the MTU, as the kernel tells.',
  usualCauses: [
    'the node was in a swarm before: the engine had made the bridge already and kept it',
    'the bridge was removed while the node was in the swarm and the engine made it anew with its defaults',
    'the option was misspelt: it is com.docker.network.driver.mtu',
  ],
  remedy: [
    'docker network inspect docker_gwbridge on the node named',
    'let the node leave, stop what uses the bridge, docker network rm docker_gwbridge, create it again with --subnet and --opt, join',
  ],
  async run(context) {
    const { cluster, stack, topology, evidence } = context
    const wanted = topology.swarm.gatewayBridge
    if (wanted === undefined) throw new Error(`topology ${topology.name} does not customise ${bridgeName}`)
    const views = await networkViews(context)
    const states = await context.state()
    const problems: string[] = []
    const seen: object[] = []
    let interfaces = 0
    for (const node of cluster.nodes) {
      const host = node.host.name
      const view = views.get(host)?.find(({ name }) => name === bridgeName)
      const state = stateOf(states, node)
      const bridge = rootOf(state, 'ip').links.find(({ name }) => name === bridgeName)
      if (view === undefined || bridge === undefined) {
        problems.push(`${host}: there is no ${bridgeName}`)
        continue
      }
      const mtuOption = view.options['com.docker.network.driver.mtu']
      const address = bridge.addresses.find(({ family }) => family === 'inet')
      if (view.subnets.join() !== wanted.subnet)
        problems.push(`${host}: the engine states subnet ${view.subnets.join()}, expected ${wanted.subnet}`)
      if (Number(mtuOption) !== wanted.mtuBytes)
        problems.push(`${host}: the engine states MTU ${mtuOption ?? 'none'}, expected ${wanted.mtuBytes}`)
      if (address === undefined || !contains(wanted.subnet, address.address))
        problems.push(
          `${host}: the bridge has address ${address?.address ?? 'none'}, expected one of ${wanted.subnet}`,
        )
      const own =
        address === undefined ? wanted.subnet : networkOf(`${address.address}/${address.prefixLength}`)
      const tasks = stack.tasks.filter((task) => task.node === node)
      const found = tasks.map((task) => ({ task, interface: gatewayInterface(task, states, [own]) }))
      for (const { task, interface: at } of found) {
        if (at === undefined) {
          problems.push(`${host}: ${taskLabel(task)} has no interface on ${bridgeName}`)
          continue
        }
        interfaces += 1
        if (!contains(wanted.subnet, at.address))
          problems.push(
            `${host}: ${taskLabel(task)} has address ${at.address}, expected one of ${wanted.subnet}`,
          )
        if (at.link.mtuBytes !== wanted.mtuBytes)
          problems.push(
            `${host}: ${at.link.name} of ${taskLabel(task)} has MTU ${at.link.mtuBytes}, expected ${wanted.mtuBytes}`,
          )
      }
      if (bridge.mtuBytes > wanted.mtuBytes && tasks.length > 0)
        problems.push(`${host}: the bridge has MTU ${bridge.mtuBytes}, expected at most ${wanted.mtuBytes}`)
      seen.push({
        node: host,
        engine: { subnet: view.subnets.join(), mtu: mtuOption },
        bridge: { address: address?.address, mtuBytes: bridge.mtuBytes },
        tasks: found.map(({ interface: at }) => `${at?.address}, MTU ${at?.link.mtuBytes}`),
      })
    }
    evidence.observe(`${bridgeName} by node`, seen)
    requireNone(`${bridgeName} keeps subnet ${wanted.subnet} and MTU ${wanted.mtuBytes}`, problems)
    if (interfaces === 0) throw new Error(`no task has an interface on ${bridgeName}`)
    evidence.conclude(
      `on ${seen.length} nodes ${bridgeName} and the interfaces of ${interfaces} tasks on it keep subnet ${wanted.subnet} and MTU ${wanted.mtuBytes}`,
    )
  },
})
