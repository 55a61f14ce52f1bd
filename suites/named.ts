import type { Fault, Planted } from '../lib/fault/fault.ts'
import type { Finding } from '../lib/observation/finding.ts'
import { nodesOf } from '../lib/observation/problem.ts'

/** What a row keeps of a finding. */
export type FindingSaid = Pick<Finding, 'code' | 'severity' | 'title' | 'nodes' | 'pairs' | 'explains'>

/** A fault that stands on a lab, and where. */
export interface Standing {
  readonly fault: Fault
  readonly at: Pick<Planted, 'host' | 'causeAt'>
}

/**
 * What is wrong about the findings under faults, in words; empty where each fault that a finding can name is named where
 * it is, the graver first, and no cause is said that is false.
 *
 * @param standing the gravest first
 * @param anyway causes that are found without the faults, too
 */
export function misnamed(
  standing: readonly Standing[],
  findings: readonly FindingSaid[],
  anyway: readonly FindingSaid[] = [],
): string[] {
  const causes = findings.filter(
    (finding) => finding.severity === 'cause' && !anyway.some((other) => isPartOf(finding, other)),
  )
  const wanted = standing.filter(({ fault }) => fault.namedBy !== undefined)
  const places = wanted.map((one) => causes.findIndex((cause) => names(cause, one)))
  const first = causes[0]
  return [
    ...wanted.flatMap((one, index) => {
      const must = `${one.fault.namedBy?.code ?? ''} at ${placeOfFault(one)}`
      const place = places[index] ?? -1
      if (place < 0) return [`${must} was not found`]
      if (index === 0 && place > 0 && first !== undefined)
        return [`${must} was not found first, but ${first.code} (${placeOf(first)})`]
      return place < (places[index - 1] ?? -1) ? [`${must} came before the graver one`] : []
    }),
    ...causesOfOthers(standing, causes).map(
      (cause) => `a cause that is false: ${cause.code} (${placeOf(cause)}): ${cause.title}`,
    ),
  ]
}

/** Causes that are neither the declared one of a fault nor what follows from it. */
export function causesOfOthers(
  standing: readonly Standing[],
  findings: readonly FindingSaid[],
): readonly FindingSaid[] {
  return findings.filter(
    (finding) => finding.severity === 'cause' && !standing.some((one) => isTrue(finding, one)),
  )
}

function isTrue(cause: FindingSaid, one: Standing): boolean {
  return names(cause, one) || isConsequence(cause, one.fault)
}

function isConsequence({ code }: FindingSaid, { besides = [] }: Fault): boolean {
  return besides.includes(code)
}

/** Whether a finding is the declared one, there. */
function names({ code, nodes, pairs }: FindingSaid, { fault: { namedBy }, at }: Standing): boolean {
  if (namedBy?.code !== code) return false
  const place = placeOfFault({ at })
  return namedBy.at === 'host'
    ? nodes.length === 1 && nodes[0] === place
    : pairs.length > 0 && pairs.every((path) => nodesOf({ path }).includes(place))
}

function placeOfFault({ at }: Pick<Standing, 'at'>): string {
  return at.causeAt ?? at.host
}

/** The same, there or at some of the places: under a fault less of a lab may show it. */
function isPartOf({ code, nodes, pairs }: FindingSaid, anyway: FindingSaid): boolean {
  return (
    code === anyway.code &&
    nodes.every((node) => anyway.nodes.includes(node)) &&
    pairs.every(({ from, to }) => anyway.pairs.some((path) => path.from === from && path.to === to))
  )
}

function placeOf({ nodes, pairs }: FindingSaid): string {
  const places = nodes.length > 0 ? nodes : pairs.map(({ from, to }) => `${from} → ${to}`)
  return places.join(', ') || 'nowhere'
}
