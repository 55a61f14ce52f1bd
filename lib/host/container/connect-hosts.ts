import { SwarmproofError } from '../../error.ts'
import { containerRemote } from '../../remote/container-remote.ts'
import type { Remote } from '../../remote/remote.ts'
import { sh } from '../../script.ts'
import { retryingRemote } from '../../remote/retrying-remote.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import type { Attachment, Host } from '../host.ts'
import type { Engine } from './engine.ts'
import { containerOrigin } from './origin.ts'

/** A way into the container of a node that survives its restart. */
export function connectNode(
  { docker }: Engine,
  node: NodeSpec,
  containerId: string,
  signal: AbortSignal,
): Remote {
  const connect = async (): Promise<Remote> => containerRemote(node.name, docker.getContainer(containerId))
  return retryingRemote(node.name, connect, { signal })
}

/** The node as a host, with the interfaces that have its addresses. */
export async function hostOf(topology: Topology, node: NodeSpec, remote: Remote): Promise<Host> {
  const { stdout } = await remote.exec(sh`ip -o -4 addr show`, { idempotent: true })
  const interfaces = interfacesByAddress(stdout)
  const underlays = topology.underlays.flatMap(({ name }): [string, Attachment][] => {
    const address = node.addresses[name]
    if (address === undefined) return []
    const found = interfaces.get(address)
    if (found === undefined) {
      throw new SwarmproofError({
        code: 'ADDRESS_MISSING',
        what: `no interface of the container has its address on underlay '${name}'`,
        host: node.name,
        expected: address,
        observed: [...interfaces].map(([one, card]) => `${card} ${one}`).join(', '),
      })
    }
    return [[name, { interface: found, address }]]
  })
  return { name: node.name, remote, origin: containerOrigin, underlays: Object.fromEntries(underlays), node }
}

/** `2: eth0@if7    inet 192.168.56.11/24 brd …`, as iproute2 and busybox print it. */
export function interfacesByAddress(output: string): ReadonlyMap<string, string> {
  const lines = output.split('\n').map((line) => /^\d+: ([^\s:@]+)\S*\s+inet ([\d.]+)/.exec(line))
  return new Map(lines.flatMap((match) => (match?.[1] && match[2] ? [[match[2], match[1]]] : [])))
}
