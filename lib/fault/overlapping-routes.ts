import { cidrBlock } from '../identifier.ts'
import type { Fault } from './fault.ts'
import { scriptLines, sh } from '../script.ts'
import { shell } from '../change/shell.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

export const overlappingRoutes: Fault = {
  name: 'overlapping-routes',
  description: 'A host has routes into the subnets of an overlay, of ingress and of docker_gwbridge',
  breaks: ['OVL-05', 'GWB-01'],
  namedBy: { code: 'route-into-network', at: 'host' },
  async plant({ cluster, stack }) {
    const node = cluster.nodes.at(-1) ?? cluster.manager
    const bridge = await shell(
      node.host,
      sh`docker network inspect ${gatewayBridgeName} --format '{{(index .IPAM.Config 0).Subnet}}'`,
    )
    const { auto, ingress } = stack.networks
    const lastHosts = [auto.subnet, ingress.subnet, cidrBlock(bridge.trim(), node.host.name)].map(lastAddress)
    const change = (verb: 'add' | 'del') =>
      scriptLines(lastHosts.map((host) => sh`ip route ${verb} ${host}/32 dev ${node.dataPath.interface}`))
    await shell(node.host, change('add'))
    return {
      host: node.host.name,
      async remove() {
        await shell(node.host, change('del'))
      },
    }
  },
}

/** The last host address of a subnet, which nothing uses. */
function lastAddress(subnet: string): string {
  const [address = '', prefix = '24'] = subnet.split('/')
  const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  const last = number + 2 ** (32 - Number(prefix)) - 2
  return [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.')
}
