import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { ipAddress, portNumber, swarmId } from '../identifier.ts'
import { sh } from '../script.ts'
import type { Topology } from '../topology/topology.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { swarmFormat } from '../api-formats.ts'
import { docker } from './docker.ts'
import { members } from './form-swarm.ts'
import { requireListed } from './listed-nodes.ts'

/**
 * Reads who is in the swarm from the hosts themselves, and compares it with what their managers list.
 * @throws SwarmproofError `NODE_NOT_LISTED` where a host says it is a node that no manager knows as such: a worker that is
 *   somebody else's by now must not pass for another
 */
export async function readCluster(topology: Topology, hosts: readonly Host[]): Promise<Cluster> {
  const read = await Promise.all(members(hosts).map((host) => readNode(topology, host)))
  const manager = read.find(({ node }) => node.role === 'manager')
  if (manager === undefined) {
    throw new SwarmproofError({ code: 'NO_MANAGER', what: 'no host of the lab is a swarm manager' })
  }
  const nodes = read.map(({ node }) => node)
  await requireListed(nodes)
  return { nodes, manager: manager.node, dataPathPort: manager.dataPathPort }
}

interface SwarmInfo {
  readonly NodeID: string
  readonly NodeAddr?: string
  readonly LocalNodeState: string
  readonly ControlAvailable: boolean
  readonly Cluster?: { readonly DataPathPort?: number } | null
}

async function readNode(
  topology: Topology,
  host: Host,
): Promise<{ node: ClusterNode; dataPathPort: number }> {
  const output = await docker(
    host,
    sh`docker info --format ${`${swarmFormat}{{"\\n"}}{{.ServerVersion}}`} && uname -r`,
  )
  const [swarm = '{}', engineVersion = '', kernelRelease = ''] = output.trim().split('\n')
  const info = JSON.parse(swarm) as SwarmInfo
  if (info.LocalNodeState !== 'active') {
    throw new SwarmproofError({
      code: 'NOT_IN_SWARM',
      what: 'the engine is in no swarm',
      host: host.name,
      expected: 'LocalNodeState active',
      observed: String(info.LocalNodeState).slice(0, 40),
    })
  }
  const node: ClusterNode = {
    host,
    nodeId: swarmId(info.NodeID, host.name),
    role: info.ControlAvailable ? 'manager' : 'worker',
    advertise: attachment(host, topology.swarm.advertise),
    advertised: !info.NodeAddr ? '' : ipAddress(info.NodeAddr, host.name),
    dataPath: attachment(host, topology.swarm.dataPath),
    engineVersion,
    kernelRelease,
  }
  const dataPathPort = info.Cluster?.DataPathPort || topology.swarm.dataPathPort
  return { node, dataPathPort: portNumber(dataPathPort, host.name) }
}

function attachment(host: Host, underlay: string): { address: string; interface: string } {
  const found = host.underlays[underlay]
  if (found === undefined) throw new Error(`host ${host.name} is not on underlay ${underlay}`)
  return found
}
