import { missingTool } from '../missing-tool.ts'
import type { HostState, NamespaceState } from './host-state.ts'

const needed = {
  root: ['perl'],
  namespaces: ['perl'],
  securityAssociations: ['perl', 'ip'],
  securityPolicies: ['perl', 'ip'],
} as const satisfies Partial<Record<keyof HostState, readonly string[]>>

const neededInNamespace = {
  firewall: ['iptables-save'],
} as const satisfies Partial<Record<keyof NamespaceState, readonly string[]>>

/**
 * The same state, except that whoever reads what a missing tool would have told gets `MissingTool` instead of a table
 * that is empty for that reason alone.
 */
export function guardedState(state: HostState): HostState {
  const missing = new Set(state.unavailable.filter((entry) => entry.package !== '').map(({ tool }) => tool))
  if (missing.size === 0) return state
  const guard = (namespace: NamespaceState): NamespaceState =>
    throwing(namespace, neededInNamespace, missing, state.host)
  const namespaces = Object.entries(state.namespaces).map(([name, one]) => [name, guard(one)] as const)
  const inner = { ...state, root: guard(state.root), namespaces: Object.fromEntries(namespaces) }
  return throwing(inner, needed, missing, state.host)
}

function throwing<T extends object>(
  target: T,
  needs: Readonly<Record<string, readonly string[]>>,
  missing: ReadonlySet<string>,
  host: string,
): T {
  const copy = { ...target }
  for (const [field, tools] of Object.entries(needs)) {
    const lacking = tools.find((tool) => missing.has(tool))
    if (lacking === undefined) continue
    Object.defineProperty(copy, field, {
      enumerable: true,
      get(): never {
        throw missingTool(lacking, host)
      },
    })
  }
  return copy
}
