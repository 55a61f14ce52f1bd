import { SwarmproofError } from '../error.ts'
import { swarmId } from '../identifier.ts'
import { sh } from '../script.ts'
import type { ClusterNode } from './cluster.ts'
import { docker } from './docker.ts'

/** A node as managers list it. */
interface Listed {
  readonly id: string
  readonly role: ClusterNode['role']
}

/**
 * What hosts say of themselves must be what every manager among them lists: each a node of its own, and a manager only
 * where managers know it as one.
 * @throws SwarmproofError `NODE_NOT_LISTED`
 */
export async function requireListed(nodes: readonly ClusterNode[]): Promise<void> {
  const managers = nodes.filter(({ role }) => role === 'manager')
  const lists = await Promise.all(managers.map(listOf))
  for (const [index, list] of lists.entries()) {
    const by = managers[index]?.host.name ?? ''
    for (const node of nodes) {
      const listed = list.find(({ id }) => id === node.nodeId)
      if (listed?.role === node.role) continue
      refuse(node, listed === undefined ? `${by} lists no such node` : `${by} lists it as a ${listed.role}`)
    }
  }
  for (const node of nodes) {
    const other = nodes.find((one) => one !== node && one.nodeId === node.nodeId)
    if (other !== undefined) refuse(node, `${other.host.name} says it is the same node`)
  }
}

async function listOf({ host }: ClusterNode): Promise<Listed[]> {
  const printed = await docker(host, sh`docker node ls --format '{{.ID}} {{.ManagerStatus}}'`)
  return printed
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id, status = ''] = line.trim().split(/\s+/)
      return { id: swarmId(id, host.name), role: status === '' ? 'worker' : 'manager' }
    })
}

function refuse({ host, nodeId, role }: ClusterNode, observed: string): never {
  throw new SwarmproofError({
    code: 'NODE_NOT_LISTED',
    what: 'the host claims to be a node that the swarm does not list as such',
    host: host.name,
    expected: `its managers list ${nodeId} once, as a ${role}`,
    observed,
    hint: 'look at `docker node ls` on a manager and `docker info` on the host: it may have left and rejoined, be in another swarm, or no longer be yours',
  })
}
