import { swarmId } from '../identifier.ts'
import type { Cluster } from './cluster.ts'
import { engineOf } from './engine-of.ts'
import { withoutLength } from './read-objects.ts'

/** A task as the manager tells it, whether it runs or not. */
export interface TaskState {
  readonly id: string
  readonly slot: number
  /** e.g. `new`, `pending`, `running`, `failed`. */
  readonly state: string
  readonly desired: string
  /** What the manager says about the state; empty where it says nothing. */
  readonly message: string
  readonly error: string
  /** Without prefix length, of every network. */
  readonly addresses: readonly string[]
}

interface ApiTaskState {
  readonly ID: string
  readonly Slot?: number
  readonly DesiredState: string
  readonly Status: { readonly State: string; readonly Message?: string; readonly Err?: string }
  readonly NetworksAttachments?: readonly { readonly Addresses?: readonly string[] | null }[] | null
}

export async function readTaskStates(cluster: Cluster, service: string): Promise<TaskState[]> {
  const { host } = cluster.manager
  const tasks = await engineOf(host).list('/tasks', { filters: { service: [service] } })
  return (tasks as ApiTaskState[]).map((task) => ({
    id: swarmId(task.ID, host.name),
    slot: task.Slot ?? 0,
    state: task.Status.State,
    desired: task.DesiredState,
    message: task.Status.Message ?? '',
    error: task.Status.Err ?? '',
    addresses: (task.NetworksAttachments ?? []).flatMap(({ Addresses }) =>
      (Addresses ?? []).map(withoutLength),
    ),
  }))
}
