import { namedNodes } from './named-hosts.ts'
import type { RunPattern } from './rule.ts'

export interface MissingModule {
  /** Nodes that lack it, as far as they are told. */
  readonly hosts: readonly string[]
}

/**
 * Whether one of the given requirements says that a kernel module is missing: `{ …, ip_vs: false }` in an
 * observation, or words to that effect in the reason. Undefined if none does.
 */
export function missingModule(
  run: RunPattern,
  module: string,
  ids: readonly string[],
): MissingModule | undefined {
  const hosts = new Set<string>()
  let told = false
  for (const id of ids) {
    const outcome = run.outcome(id)
    if (outcome === undefined || outcome === 'pass') continue
    const reason = run.reason(id)
    if (words(module).test(reason)) {
      told = true
      for (const host of namedNodes(reason, run.nodeNames)) hosts.add(host)
    }
    for (const data of run.observations(id)) {
      for (const host of observed(data, module, run.nodeNames)) {
        told = true
        if (host !== undefined) hosts.add(host)
      }
    }
  }
  return told ? { hosts: run.nodeNames.filter((name) => hosts.has(name)) } : undefined
}

/** Close together only: "10.0.0.5 is missing, ip_vs is loaded" does not say that the module is missing. */
function words(module: string): RegExp {
  const name = `["'\`]?${module}["'\`]?`
  const gone = 'missing|not loaded|not available|unavailable|absent|not found|cannot be loaded|not supported'
  return new RegExp(
    `(?<!\\w)${name}(?!\\w)(?: kernel)?(?: module)?(?: is| was| are)? (?:${gone})\\b|` +
      `\\b(?:without|lacks?|lacking|missing|no)(?: the)?(?: kernel)?(?: module)?:? ${name}(?!\\w)`,
    'i',
  )
}

/** The node of every `module: false` in the data, undefined where none is told. */
function observed(
  data: unknown,
  module: string,
  nodes: readonly string[],
  around?: string,
): (string | undefined)[] {
  if (typeof data !== 'object' || data === null) return []
  const entries = Object.entries(data)
  const own = entries.find(
    ([key, value]) =>
      (key === 'host' || key === 'node' || key === 'name') &&
      typeof value === 'string' &&
      nodes.includes(value),
  )?.[1] as string | undefined
  const here = own ?? around
  return entries.flatMap(([key, value]) => {
    if (key === module && value === false) return [here]
    return observed(value, module, nodes, nodes.includes(key) ? key : here)
  })
}
