/** Hosts and pairs that a verdict's reason names; nothing is guessed that it does not say. */

const escaped = (name: string): string => name.replaceAll(/[^\w-]/g, '\\$&')

const alternatives = (nodes: readonly string[]): string =>
  [...nodes]
    .sort((a, b) => b.length - a.length)
    .map((name) => `(?<![\\w-])${escaped(name)}(?![\\w-])`)
    .join('|')

/** Sentences and clauses that report trouble; one that only tells what went well names no culprit. */
export function troubledClauses(reason: string): string[] {
  const good = /\b(carried|answered|arrived|pass(es|ed)?|works?|fine|as required|reachable)\b/i
  const bad =
    /\b(no|none|not|never|nothing|without|lost|lacks?|0 of|time[ds]? ?out|refused|missing|stale|wrong|extra|dropped|only|fail(s|ed)?|unreachable|differs?)\b/i
  return reason.split(/[;\n]|\.\s/).filter((clause) => !good.test(clause) || bad.test(clause))
}

/** `a → b` for every ordered pair that a troubled clause names as `a → b`, `a -> b`, `a to b`; both ways for `between a and b`. */
export function namedPairs(reason: string, nodes: readonly string[]): string[] {
  if (nodes.length === 0) return []
  const node = alternatives(nodes)
  const ordered = new RegExp(`(${node})\\s*(?:→|->|to)\\s*(${node})`, 'g')
  const both = new RegExp(`between (${node}) and (${node})`, 'g')
  const pairs = new Set<string>()
  for (const clause of troubledClauses(reason)) {
    for (const [, from, to] of clause.matchAll(ordered)) pairs.add(`${from} → ${to}`)
    for (const [, a, b] of clause.matchAll(both)) pairs.add(`${a} → ${b}`).add(`${b} → ${a}`)
  }
  return [...pairs]
}

/** Nodes that troubled clauses name, in the order of the topology. */
export function namedNodes(reason: string, nodes: readonly string[]): string[] {
  const text = troubledClauses(reason).join('\n')
  return nodes.filter((name) => new RegExp(alternatives([name])).test(text))
}

/**
 * What a reason says of packets that got lost on their way: clauses about packets that never left their sender are
 * taken out. Undefined if it speaks only of those, because then nothing between the hosts is to blame.
 */
export function lostOnTheWay(reason: string): string | undefined {
  const neverLeft = /\bno\b[^,]*\b(ever )?left\b|\bnothing (ever )?left\b/i
  const [silent, others] = [[], []] as [string[], string[]]
  for (const clause of reason.split(/[;\n]|\.\s/)) (neverLeft.test(clause) ? silent : others).push(clause)
  if (silent.length > 0 && !others.some((clause) => /\b(none|not|never|0 of)\b/i.test(clause)))
    return undefined
  return others.join('\n')
}
