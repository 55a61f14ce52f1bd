import type { HostState, Route } from '../../lib/observe/host-state.ts'
import { hostState, link, namespace } from '../host-states.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'

export const facts = threeNodes()
export const names: readonly string[] = facts.nodes.map(({ name }) => name)

/** A node with docker_gwbridge, an address of its own, and its tasks, which have interfaces on both. */
export function node(name: string, routes: readonly Route[] = [], mtuBytes = 1500): HostState {
  const tasks = facts.tasks.filter((task) => task.node === name)
  const underlay = { destination: '192.168.56.0/24', device: 'eth1' }
  return hostState(
    name,
    namespace(
      [
        link('eth1', 1500, { addresses: ['192.168.56.11/24'] }),
        link('docker_gwbridge', mtuBytes, { addresses: ['172.18.0.1/16'] }),
      ],
      [
        { destination: 'default', device: 'eth1', gateway: '192.168.56.1' },
        underlay,
        { destination: '172.18.0.0/16', device: 'docker_gwbridge' },
        ...routes,
      ],
    ),
    Object.fromEntries(
      tasks.map(({ endpoints }, index) => {
        const { address, mac } = endpoints['swp-clear'] ?? { address: '', mac: '' }
        const inside = [
          link('eth0', 1450, { addresses: [`${address}/24`], mac }),
          link('eth1', mtuBytes, { addresses: [`172.18.0.${index + 3}/16`] }),
        ]
        const gateway = { destination: 'default', device: 'eth1', gateway: '172.18.0.1' }
        return [`sandbox${index}`, namespace(inside, [gateway])]
      }),
    ),
  )
}

export const kernel = Object.fromEntries(names.map((name) => [name, node(name)]))
export const bridgeView = {
  ...{ id: 'gw', name: 'docker_gwbridge', driver: 'bridge', scope: 'local', subnets: ['172.18.0.0/16'] },
  ...{ gateways: ['172.18.0.1'], options: {}, peers: [], endpoints: {} },
}
export const overlay = {
  ...bridgeView,
  id: 'clear',
  name: 'swp-clear',
  driver: 'overlay',
  subnets: ['10.91.1.0/24'],
}
/** Of the engines. */
export const views = Object.fromEntries(names.map((name) => [name, [bridgeView, overlay]]))
