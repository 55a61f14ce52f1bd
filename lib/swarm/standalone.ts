import type { ClusterNode, Endpoint } from './cluster.ts'
import { quote } from '../remote/script.ts'
import { docker } from './docker.ts'
import type { StackSpec } from '../topology/topology.ts'
import { probeImageOf, taskScript } from './probe-task.ts'
import type { Answer } from './trial.ts'

/** A container that belongs to no service. */
export interface Standalone {
  readonly accepted: true
  readonly name: string
  readonly node: ClusterNode
  readonly pid: number
  /** By network name. */
  readonly endpoints: Readonly<Record<string, Endpoint>>
}

const commandLimitMs = 120_000

/** Runs what a probe task runs. A refused container is removed again before this resolves. */
export async function runContainer(
  node: ClusterNode,
  name: string,
  flags: string,
  stack: Pick<StackSpec, 'probeImage' | 'probeNonce'>,
): Promise<Standalone | Answer> {
  const run = `docker run --detach --pull never --stop-timeout 1 --hostname ${name} --name ${name} ${flags} ${probeImageOf(stack)} sh -c ${quote(taskScript(stack))}`
  const { exitCode, stdout, stderr } = await node.host.remote.exec(run, { timeoutMs: commandLimitMs })
  if (exitCode !== 0) {
    await removeContainers([{ name, node }])
    return { accepted: false, words: `${stdout}\n${stderr}`.trim() }
  }
  const format = `'{"pid":{{.State.Pid}},"networks":{{json .NetworkSettings.Networks}}}'`
  const output = await docker(node.host, `docker inspect --format ${format} ${name}`)
  const { pid, networks } = JSON.parse(output) as Inspected
  const endpoints = Object.entries(networks).map(([network, endpoint]): [string, Endpoint] => [
    network,
    { address: endpoint.IPAddress, prefixLength: endpoint.IPPrefixLen, mac: endpoint.MacAddress },
  ])
  return { accepted: true, name, node, pid, endpoints: Object.fromEntries(endpoints) }
}

interface Inspected {
  readonly pid: number
  readonly networks: Readonly<
    Record<string, { readonly IPAddress: string; readonly IPPrefixLen: number; readonly MacAddress: string }>
  >
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
        (name) => `! docker inspect ${name} >/dev/null 2>&1 || docker rm --force ${name} >/dev/null`,
      )
      return docker(node.host, `set -e\n${each.join('\n')}`, { timeoutMs: commandLimitMs })
    }),
  )
}
