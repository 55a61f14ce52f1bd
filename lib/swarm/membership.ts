import { eventually } from '../eventually.ts'
import type { Host } from '../host/host.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { type Script, sh } from '../script.ts'
import { docker } from './docker.ts'
import { joinSwarm, type Joining, nodesReady } from './form-swarm.ts'
import type { Answer } from './answer.ts'

const commandLimitMs = 120_000
/** A node that left is told to the managers at once; one whose word is lost is down after 15 s. */
const forgottenWithinMs = 60_000

/** A worker that may leave: the last, which faults are planted on. @throws Error where all nodes are managers */
export function leavingWorker(cluster: Cluster): ClusterNode {
  const worker = cluster.nodes.findLast(
    ({ role, host }) => role === 'worker' && host !== cluster.manager.host,
  )
  if (worker !== undefined) return worker
  throw new Error('every node is a manager, and none is let go: the others might lose their quorum')
}

/** Lets a worker leave, ends its tasks, and has the managers forget it. Other workers get its replicated tasks. */
export async function leave(cluster: Cluster, node: ClusterNode, signal: AbortSignal): Promise<void> {
  const isThere = sh`[ "$(docker info --format ${'{{.Swarm.NodeID}}'})" = ${node.nodeId} ]`
  await docker(node.host, sh`${isThere} && docker swarm leave`, { timeoutMs: commandLimitMs })
  const { host } = cluster.manager
  const forget = sh`docker node rm --force ${node.nodeId}`
  const bound = {
    what: `${node.host.name} is forgotten`,
    withinMs: forgottenWithinMs,
    signal,
    host: host.name,
  }
  await eventually(bound, async () => {
    await docker(host, forget)
    return { ready: true, value: undefined }
  })
}

/**
 * Lets a host that is in no swarm join as a worker, and waits until as many nodes as the cluster has are Ready. Its node
 * id is another one then.
 */
export async function joinAgain(
  cluster: Cluster,
  host: Host,
  by: Pick<Joining, 'advertise' | 'dataPath'>,
  signal: AbortSignal,
): Promise<void> {
  const { manager } = cluster
  const token = await workerToken(cluster)
  await joinSwarm(host, { ...by, token, manager: manager.advertise.address })
  await nodesReady(manager.host, cluster.nodes.length, signal)
}

/** What a host shows to join as a worker. Never to be printed or written. */
export async function workerToken({ manager }: Cluster): Promise<string> {
  return (await docker(manager.host, sh`docker swarm join-token -q worker`)).trim()
}

/** The address an engine says it has in its swarm; empty if it is in none. */
export async function nodeAddress(host: Host): Promise<string> {
  return (await docker(host, sh`docker info --format ${'{{.Swarm.NodeAddr}}'}`)).trim()
}

/** `inactive` for an engine that is in no swarm, `active` for one that is. */
export async function swarmState(host: Host): Promise<string> {
  return (await docker(host, sh`docker info --format ${'{{.Swarm.LocalNodeState}}'}`)).trim()
}

/** Leaves the swarm that was made with this mark (see `newSwarmMark`), if the engine is in it, and no other. */
export async function leaveMarked(host: Host, mark: string): Promise<void> {
  const expiry = '{{with .Swarm.Cluster}}{{.Spec.CAConfig.NodeCertExpiry}}{{end}}'
  const said = (await docker(host, sh`docker info --format ${expiry}`)).trim()
  if (said === mark) await docker(host, sh`docker swarm leave --force`, { timeoutMs: commandLimitMs })
}

/** Whether an engine takes a command; what it says is for the test to judge. */
export async function askEngine(host: Host, command: Script): Promise<Answer> {
  const { exitCode, stdout, stderr } = await host.remote.exec(command, { timeoutMs: commandLimitMs })
  return { accepted: exitCode === 0, words: `${stdout}\n${stderr}`.trim() }
}
