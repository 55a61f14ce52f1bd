import { sh } from '../script.ts'
import type { Cluster } from './cluster.ts'
import { docker } from './docker.ts'
import { listNodes } from './network-view.ts'
import type { StackNames } from './stack.ts'

/** A task of the stack that an engine did not get to run. */
export interface RefusedTask {
  readonly service: string
  /** Name of the host; undefined where the swarm found no node for it. */
  readonly node?: string
  /** e.g. `Rejected`, `Preparing`. */
  readonly state: string
  /** The engine's own words; empty where it said none. */
  readonly error: string
}

const longestErrorCharacters = 400
const mostTasks = 200

/** Of `docker service ps`; see `refusedTasks`. */
export const taskListFormat = '{{.Name}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t{{.Error}}'

/** The newest task of each slot that does not run, with what its engine said of it or of the one before. */
export async function readRefusedTasks(cluster: Cluster, names: StackNames): Promise<RefusedTask[]> {
  const script = sh`docker service ps --no-trunc --format ${taskListFormat} ${Object.values(names.services)} 2>/dev/null; true`
  const output = await docker(cluster.manager.host, script)
  const listed = await listNodes(cluster)
  const hosts = listed.flatMap(({ id, hostname }) => {
    const node = cluster.nodes.find(({ nodeId }) => nodeId === id)
    return node === undefined ? [] : [[hostname, node.host.name] as const]
  })
  return refusedTasks(output, new Map(hosts))
}

/** @param hosts name of the host by the node's own name; the node's name where it is not among them */
export function refusedTasks(output: string, hosts: ReadonlyMap<string, string>): RefusedTask[] {
  const slots = new Map<string, RefusedTask & { readonly wanted: string }>()
  for (const line of output.split('\n')) {
    const [name = '', node = '', wanted = '', state = '', ...error] = line.split('\t')
    // Tasks of before are listed below theirs, indented.
    const slot = `${name.replace(/^ *\\_ /, '').trim()} ${node}`
    if (name === '') continue
    const words = error.join(' ').replace(/^"|"$/g, '').trim().slice(0, longestErrorCharacters)
    const known = slots.get(slot)
    if (known !== undefined) {
      if (known.error === '' && words !== '') slots.set(slot, { ...known, error: words })
      continue
    }
    const service = name
      .replace(/^ *\\_ /, '')
      .trim()
      .replace(/\.[^.]*$/, '')
    const host = hosts.get(node) ?? node
    slots.set(slot, {
      ...{ service, state: state.split(' ')[0] ?? '', error: words, wanted },
      ...(host === '' ? {} : { node: host }),
    })
  }
  return [...slots.values()]
    .filter(({ state, wanted }) => state !== 'Running' && wanted !== 'Shutdown')
    .map(({ wanted: _, ...task }) => task)
    .slice(0, mostTasks)
}
