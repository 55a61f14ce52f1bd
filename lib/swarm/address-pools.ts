import type { Cluster } from './cluster.ts'
import { sh } from '../script.ts'
import { docker } from './docker.ts'

/** Pools and prefix length the manager takes subnets from, e.g. `10.60.0.0/24 10.70.0.0/24 /26`. */
export async function readAddressPools(cluster: Cluster): Promise<string> {
  const format = '{{join .Swarm.Cluster.DefaultAddrPool " "}} /{{.Swarm.Cluster.SubnetSize}}'
  return (await docker(cluster.manager.host, sh`docker info --format ${format}`)).trim()
}
