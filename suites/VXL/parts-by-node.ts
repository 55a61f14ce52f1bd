import type { Part } from '../../lib/observation/part.ts'

/**
 * Of several parts of one node the first that was not observed, so that what could not be is told by the name of its node.
 */
export function partsByNode(
  parts: readonly { readonly node: string; readonly seen: Part<unknown> }[],
): Record<string, Part<unknown>> {
  const found: Record<string, Part<unknown>> = {}
  for (const { node, seen } of parts) {
    const known = found[node]
    if (known === undefined || 'got' in known) found[node] = seen
  }
  return found
}
