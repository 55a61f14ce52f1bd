import { cidrBlock, ipAddress, portNumber, swarmId } from '../../identifier.ts'
import type { DockerNetworkFacts, EngineFacts, SwarmFacts } from './host-facts.ts'

type Json = Readonly<Record<string, unknown>>

interface SwarmInfo {
  readonly NodeID?: string
  readonly NodeAddr?: string
  readonly LocalNodeState?: SwarmFacts['state']
  readonly ControlAvailable?: boolean
  readonly Error?: string
  readonly Cluster?: { readonly ID?: string; readonly DataPathPort?: number } | null
}

/** From `docker version --format '{{json .Server}}'` and of `docker info` by `engineFormat`. */
export function parseEngine(server: Json, info: Json): EngineFacts {
  return {
    id: textOf(info['ID']),
    version: textOf(server['Version']),
    apiVersion: textOf(server['ApiVersion']),
    rootDirectory: textOf(info['DockerRootDir']),
    operatingSystem: textOf(info['OperatingSystem']),
  }
}

export function parseSwarm(host: string, info: Json, dataPathAddress: string): SwarmFacts {
  const swarm = (info['Swarm'] ?? {}) as SwarmInfo
  const { Cluster: cluster } = swarm
  // Engines that were never told a port say 0.
  const port = cluster?.DataPathPort === undefined || cluster.DataPathPort === 0 ? 4789 : cluster.DataPathPort
  return {
    state: swarm.LocalNodeState || 'inactive',
    error: swarm.Error ?? '',
    nodeId: swarm.NodeID ? swarmId(swarm.NodeID, host) : '',
    nodeAddress: swarm.NodeAddr ? ipAddress(swarm.NodeAddr, host) : '',
    isManager: swarm.ControlAvailable ?? false,
    ...(cluster?.ID ? { clusterId: swarmId(cluster.ID, host), dataPathPort: portNumber(port, host) } : {}),
    ...(dataPathAddress === '' ? {} : { dataPathAddress: ipAddress(dataPathAddress, host) }),
  }
}

/** From one line a network: name, driver, scope and IPAM configuration, each as JSON. */
export function parseNetworks(host: string, lines: readonly string[]): readonly DockerNetworkFacts[] {
  return lines.flatMap((line) => {
    const match = /^("(?:[^"\\]|\\.)*") ("[^"]*") ("[^"]*") (.*)$/.exec(line)
    if (match === null) return []
    const [name, driver, scope] = match.slice(1, 4).map((text) => JSON.parse(text) as string)
    const configs = (JSON.parse(match[4] ?? 'null') ?? []) as { readonly Subnet?: string }[]
    const subnets = configs
      .map(({ Subnet }) => Subnet ?? '')
      .filter((subnet) => subnet.includes('.'))
      .map((subnet) => cidrBlock(subnet, host))
    return [{ name: name ?? '', driver: driver ?? '', scope: scope ?? '', subnets }]
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
