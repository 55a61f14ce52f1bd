import type { NamespaceState } from '../../../lib/observe/host-state.ts'
import type { TaskFacts } from '../../../lib/observation/facts.ts'
import type { Part } from '../../../lib/observation/part.ts'
import { type KernelSeen, namespacesSeen } from './kernel-seen.ts'

/**
 * The network namespace of a task: the one that holds one of the task's addresses. `got` is undefined where no namespace of the node has one.
 */
export function taskNamespaceSeen(
  seen: KernelSeen,
  task: Pick<TaskFacts, 'node' | 'endpoints'>,
): Part<NamespaceState | undefined> {
  const namespaces = namespacesSeen(seen, task.node, 'devices')
  return 'got' in namespaces ? { got: namespaceAmong(namespaces.got, task) } : namespaces
}

function namespaceAmong(
  namespaces: Readonly<Record<string, NamespaceState>>,
  task: Pick<TaskFacts, 'endpoints'>,
): NamespaceState | undefined {
  const endpoints = Object.values(task.endpoints)
  const addresses = new Set(endpoints.map(({ address }) => address))
  const macs = new Set(endpoints.map(({ mac }) => mac).filter((mac) => mac !== ''))
  return Object.values(namespaces).find(({ links }) =>
    links.some((link) => macs.has(link.mac) || link.addresses.some(({ address }) => addresses.has(address))),
  )
}
