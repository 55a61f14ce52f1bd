import { z } from 'zod'
import { absolutePath, cidrBlock, ipAddress, portNumber, swarmId, vni } from '../identifier.ts'
import type { DockerNetworkFacts, EngineFacts, SwarmFacts } from './host-facts.ts'
import { defaultDataPathPort } from '../topology/swarm-defaults.ts'

type Json = Readonly<Record<string, unknown>>

const text = z.string().exactOptional()

/** Of `docker info`, the part about the swarm; engines of other versions say more. */
const swarmInfo = z.object({
  NodeID: text,
  NodeAddr: text,
  LocalNodeState: z.enum(['', 'inactive', 'pending', 'active', 'error', 'locked']).exactOptional(),
  ControlAvailable: z.boolean().exactOptional(),
  Error: text,
  Cluster: z.object({ ID: text, DataPathPort: z.number().exactOptional() }).nullable().exactOptional(),
})

const network = z.tuple([z.string(), z.string(), z.string(), z.array(z.object({ Subnet: text })).nullable()])

/** What else a host says of its engine. */
export interface EngineWords {
  readonly firewallBackend?: string | undefined
  /** Exec roots of the engines that run there. */
  readonly execRoots?: readonly string[]
}

/** From `docker version --format '{{json .Server}}'` and of `docker info` by `engineFormat`. */
export function parseEngine(
  host: string,
  server: Json,
  info: Json,
  { firewallBackend = '', execRoots = [] }: EngineWords = {},
): EngineFacts {
  const options = info['SecurityOptions']
  const [execRoot, ...others] = new Set(execRoots)
  return {
    id: textOf(info['ID']),
    version: textOf(server['Version']),
    apiVersion: textOf(server['ApiVersion']),
    rootDirectory: textOf(info['DockerRootDir']),
    operatingSystem: textOf(info['OperatingSystem']),
    ...(execRoot === undefined || others.length > 0 ? {} : { execRoot: absolutePath(execRoot, host) }),
    ...(Array.isArray(options) ? { securityOptions: options.map(textOf) } : {}),
    ...(info['LiveRestoreEnabled'] === true ? { liveRestore: true } : {}),
    ...(/^[a-z+]+$/.test(firewallBackend) ? { firewallBackend } : {}),
  }
}

export function parseSwarm(host: string, info: Json, dataPathAddress: string): SwarmFacts {
  const swarm = swarmInfo.parse(info['Swarm'] ?? {})
  const { Cluster: cluster } = swarm
  // Engines that were never told a port say 0.
  const port =
    cluster?.DataPathPort === undefined || cluster.DataPathPort === 0
      ? defaultDataPathPort
      : cluster.DataPathPort
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

/** From one line a network: name, driver, scope, VNIs and IPAM configuration, each as JSON. */
export function parseNetworks(host: string, lines: readonly string[]): readonly DockerNetworkFacts[] {
  return lines.flatMap((line) => {
    const match = /^("(?:[^"\\]|\\.)*") ("[^"]*") ("[^"]*") (?:"([\d,]*)" )?(.*)$/.exec(line)
    if (match === null) return []
    const [, ...words] = match
    const [vnis = ''] = words.splice(3, 1)
    const [name, driver, scope, configs] = network.parse(
      words.map((json) => JSON.parse(json || 'null') as unknown),
    )
    const subnets = (configs ?? [])
      .map(({ Subnet }) => Subnet ?? '')
      .filter((subnet) => subnet.includes('.'))
      .map((subnet) => cidrBlock(subnet, host))
    const given = vnis.split(',').flatMap((digits) => (digits === '' ? [] : [vni(Number(digits), host)]))
    return [{ name, driver, scope, subnets, ...(given.length === 0 ? {} : { vnis: given }) }]
  })
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
