import type { Cluster } from './cluster.ts'
import { sh } from '../remote/script.ts'
import { ownTaskFormat } from '../api-formats.ts'
import { docker, dockerLines } from './docker.ts'

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
  const ids = (await docker(host, sh`docker service ps --no-trunc -q ${service}`))
    .split('\n')
    .filter((id) => id !== '')
  if (ids.length === 0) return []
  const lines = await dockerLines(host, sh`docker inspect --type task --format ${ownTaskFormat} ${ids}`)
  return (lines as ApiTaskState[]).map((task) => ({
    id: task.ID,
    slot: task.Slot ?? 0,
    state: task.Status.State,
    desired: task.DesiredState,
    message: task.Status.Message ?? '',
    error: task.Status.Err ?? '',
    addresses: (task.NetworksAttachments ?? []).flatMap(({ Addresses }) =>
      (Addresses ?? []).map((address) => address.split('/')[0] ?? ''),
    ),
  }))
}
