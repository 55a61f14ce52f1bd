import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { RequirementRecord } from '../conformance/run-record.ts'
import type { FileLine, PlaceOf } from '../report/github.ts'
import { nodesOf } from '../observation/problem.ts'

/** Addresses of a node, by which an inventory may name it. */
type AddressesOf = (node: string) => readonly string[]

/**
 * Where annotations point: the line of an inventory that names a node the problems are about, else the requirement itself
 * where its file lies in the workspace.
 */
export function requirementPlaces(
  root: string,
  workspace: string,
  {
    inventory,
    addressesOf = () => [],
  }: { readonly inventory?: string; readonly addressesOf?: AddressesOf } = {},
): PlaceOf {
  const lines = inventory === undefined ? [] : linesOf(join(workspace, inventory))
  return (requirement) =>
    (inventory === undefined ? undefined : inventoryPlace(requirement, inventory, lines, addressesOf)) ??
    requirementPlace(requirement.id, root, workspace)
}

/** By the names of the nodes that its problems are about, and their addresses; the first line where none is found. */
function inventoryPlace(
  { verdict }: RequirementRecord,
  file: string,
  lines: readonly string[],
  addressesOf: AddressesOf,
): FileLine | undefined {
  const nodes = [...new Set((verdict?.problems ?? []).flatMap(nodesOf))]
  const wanted = new Set(nodes.flatMap((node) => [node, ...addressesOf(node)]))
  const line = lines.findIndex((text) =>
    (text.replace(/#.*/, '').match(/[\w.-]*\w/g) ?? []).some((word) => wanted.has(word)),
  )
  return lines.length === 0 ? undefined : { file, line: Math.max(line, 0) + 1 }
}

/** Each requirement is a literal in a file named after it. */
export function requirementPlace(id: string, root: string, workspace: string): FileLine | undefined {
  const folder = join(root, 'suites', id.split('-')[0] ?? '')
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return undefined
  }
  const name = names.find((file) => file.startsWith(`${id.toLowerCase()}-`) && file.endsWith('.ts'))
  const path = name === undefined ? undefined : relative(workspace, join(folder, name))
  if (path === undefined || path.startsWith('..')) return undefined
  const line = linesOf(join(workspace, path)).findIndex((text) => text.includes(`'${id}'`))
  return { file: path, line: Math.max(line, 0) + 1 }
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
