import type { Answer } from './answer.ts'
import type { ClusterNode, Endpoint } from './cluster.ts'
import { containerEndpoints, type InspectedEndpoints } from './container-endpoints.ts'
import { processId } from '../identifier.ts'
import { scriptLines, sh } from '../script.ts'
import { docker, dockerLines } from './docker.ts'
import type { StackSpec } from '../topology/topology.ts'
import { probeImageOf, taskScript } from './probe-task.ts'
import { commandLimitMs } from './until-removed.ts'

/** A container that belongs to no service. */
export interface Standalone {
  readonly accepted: true
  readonly name: string
  readonly node: ClusterNode
  readonly pid: number
  /** By network name. */
  readonly endpoints: Readonly<Record<string, Endpoint>>
}

/** Runs what a probe task runs; `options` as for `docker run`. A refused container is removed again before this resolves. */
export async function runContainer(
  node: ClusterNode,
  name: string,
  options: readonly string[],
  stack: Pick<StackSpec, 'probeImage' | 'probeNonce'>,
): Promise<Standalone | Answer> {
  const run = sh`docker run --detach --pull never --stop-timeout 1 --hostname ${name} --name ${name} ${options} ${probeImageOf(stack)} sh -c ${taskScript(stack)}`
  const { exitCode, stdout, stderr } = await node.host.remote.exec(run, { timeoutMs: commandLimitMs })
  if (exitCode !== 0) {
    await removeContainers([{ name, node }])
    return { accepted: false, words: `${stdout}\n${stderr}`.trim() }
  }
  const format = '{"pid":{{.State.Pid}},"networks":{{json .NetworkSettings.Networks}}}'
  const [inspected] = await dockerLines(node.host, sh`docker inspect --format ${format} ${name}`)
  const { pid, networks } = inspected as Inspected
  const { name: host } = node.host
  return {
    accepted: true,
    name,
    node,
    pid: processId(pid, host),
    endpoints: containerEndpoints(networks, host),
  }
}

interface Inspected {
  readonly pid: number
  readonly networks: InspectedEndpoints
}

/** Removes these containers, running or not, one remote call a node. Names that are none are no error. */
export async function removeContainers(
  containers: readonly { readonly name: string; readonly node: ClusterNode }[],
): Promise<void> {
  const nodes = [...new Set(containers.map(({ node }) => node))]
  await Promise.all(
    nodes.map((node) => {
      const names = containers.filter((one) => one.node === node).map(({ name }) => name)
      const each = names.map(
        (name) => sh`! docker inspect ${name} >/dev/null 2>&1 || docker rm --force ${name} >/dev/null`,
      )
      return docker(node.host, scriptLines([sh`set -e`, ...each]), { timeoutMs: commandLimitMs })
    }),
  )
}
