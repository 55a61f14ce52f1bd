import { nodeFormat } from '../api-formats.ts'
import { SwarmproofError } from '../error.ts'
import { ipAddress, swarmId } from '../identifier.ts'
import { sh } from '../script.ts'
import type { KnownHost } from './known-host.ts'

/** A node as a manager lists it. */
export interface SwarmNode {
  readonly id: string
  readonly hostname: string
  readonly role: 'manager' | 'worker'
  /** `ready`, `down`, `unknown`, `disconnected`. */
  readonly state: string
  readonly availability: string
  /** What it advertises; empty if the manager does not know it. */
  readonly address: string
}

interface ApiNode {
  readonly ID: string
  readonly Description: { readonly Hostname?: string }
  readonly Spec: { readonly Role: SwarmNode['role']; readonly Availability: string }
  readonly Status: { readonly State: string; readonly Addr?: string }
  readonly ManagerStatus?: { readonly Addr?: string; readonly Leader?: boolean } | null
}

/** The swarm's own node list, from one manager, in one remote call. */
export async function readSwarmNodes(manager: KnownHost): Promise<readonly SwarmNode[]> {
  const command = sh`docker node ls -q | xargs docker node inspect --format ${nodeFormat}`
  const { exitCode, stdout, stderr } = await manager.remote.exec(command, { idempotent: true })
  if (exitCode !== 0) {
    throw new SwarmproofError({
      code: 'NODE_LIST',
      what: 'the manager cannot list the nodes of its swarm',
      host: manager.inventory.name,
      observed: stderr.trim().slice(-300),
      hint: 'a swarm without a quorum of managers must be repaired first: docker swarm init --force-new-cluster',
    })
  }
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => toNode(JSON.parse(line) as ApiNode, manager.inventory.name))
}

function toNode(node: ApiNode, manager: string): SwarmNode {
  const address = addressOf(node)
  return {
    id: swarmId(node.ID, manager),
    hostname: node.Description.Hostname ?? node.ID,
    role: node.Spec.Role,
    state: node.Status.State,
    availability: node.Spec.Availability,
    address: address === '' ? '' : ipAddress(address, manager),
  }
}

/** A manager that speaks of itself may say 0.0.0.0; where its peers reach it stands in its manager status. */
function addressOf({ Status, ManagerStatus }: ApiNode): string {
  const own = Status.Addr ?? ''
  if (own !== '' && own !== '0.0.0.0') return own
  return /^(\d+(?:\.\d+){3}):\d+$/.exec(ManagerStatus?.Addr ?? '')?.[1] ?? ''
}
