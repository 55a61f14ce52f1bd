import type { Cluster, ClusterNode } from './cluster.ts'
import { sh } from '../script.ts'
import { docker, dockerLines } from './docker.ts'

export async function setAvailability(
  cluster: Cluster,
  node: ClusterNode,
  availability: 'active' | 'drain',
): Promise<void> {
  await docker(
    cluster.manager.host,
    sh`docker node update --availability ${availability} ${node.nodeId} >/dev/null`,
  )
}

/** Containers of swarm tasks that run on a node, by the name of their service. */
export async function runningOn(node: ClusterNode): Promise<string[]> {
  const format = '{{json (.Label "com.docker.swarm.service.name")}}'
  const script = sh`docker ps --filter label=com.docker.swarm.service.name --format ${format}`
  return (await dockerLines(node.host, script)) as string[]
}

/** Replicas of each service as the manager counts them. */
export async function replicas(
  cluster: Cluster,
): Promise<{ readonly service: string; readonly running: number; readonly wanted: number }[]> {
  const output = await docker(
    cluster.manager.host,
    sh`docker service ls --format ${'{{.Name}} {{.Replicas}}'}`,
  )
  return output
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, service = '', running, wanted] = /^(\S+) (\d+)\/(\d+)/.exec(line) ?? []
      return service === '' ? [] : [{ service, running: Number(running), wanted: Number(wanted) }]
    })
}
