import { inWords } from './in-words.ts'
import type { KernelSeen } from '../conformance/kernel-scene.ts'
import type { LabRecord, RequirementRecord } from '../conformance/run-record.ts'
import type { Outcome } from '../conformance/verdict.ts'
import type { ProblemCode } from '../observation/codes.ts'
import type { ClusterFacts, NetworkFacts } from '../observation/facts.ts'
import { nodePairs } from '../observation/pair-sample.ts'
import { nodesOf, type Path, type Problem } from '../observation/problem.ts'
import type { Deciding } from '../observe/deciding.ts'
import type { SwarmObjects } from '../swarm/swarm-objects.ts'

/** Reads what a run observed, by the name of its file without the extension, such as `kernel#0`; undefined without it. */
export type ReadObservation = (lab: LabRecord, name: string) => unknown

/** A problem, and the requirement that reported it. */
export interface Reported extends Problem {
  readonly requirement: string
}

/** One generation of one lab as rules look at it: what happened on another says nothing about this one. */
export class LabView {
  readonly lab: LabRecord
  readonly generation: number
  readonly #requirements: ReadonlyMap<string, RequirementRecord>
  readonly #all: ReadonlyMap<string, RequirementRecord>
  readonly #read: ReadObservation
  /** What was read, by name: rules look at the same again and again. */
  readonly #seen = new Map<string, unknown>()
  readonly #explained = new Set<Reported>()
  readonly #reported: readonly Reported[]
  #byNode: Map<string, Reported[]> | undefined

  constructor(
    lab: LabRecord,
    generation: number,
    requirements: readonly RequirementRecord[],
    all: readonly RequirementRecord[],
    read: ReadObservation,
  ) {
    this.lab = lab
    this.generation = generation
    this.#requirements = new Map(requirements.map((one) => [one.id, one]))
    this.#all = new Map(all.map((one) => [one.id, one]))
    this.#read = read
    this.#reported = requirements.flatMap(({ id, verdict }) =>
      (verdict?.problems ?? []).map((problem) => ({ ...problem, requirement: id })),
    )
  }

  get nodeNames(): readonly string[] {
    return this.lab.nodes.length > 0
      ? this.lab.nodes.map(({ name }) => name)
      : this.lab.topology.nodes.filter(({ role }) => role !== 'outsider').map(({ name }) => name)
  }

  /** Problems that no finding explained yet, of these codes, or of all. */
  problems(...codes: readonly ProblemCode[]): Reported[] {
    return this.#reported.filter(
      (problem) => !this.#explained.has(problem) && (codes.length === 0 || codes.includes(problem.code)),
    )
  }

  /** Those of them that are about a node: rules ask for each node, and of many nodes there are many problems. */
  problemsAbout(node: string): Reported[] {
    this.#byNode ??= this.#groupedByNode()
    return (this.#byNode.get(node) ?? []).filter((problem) => !this.#explained.has(problem))
  }

  #groupedByNode(): Map<string, Reported[]> {
    const groups = new Map<string, Reported[]>()
    for (const problem of this.#reported)
      for (const node of new Set(nodesOf(problem))) {
        const own = groups.get(node) ?? []
        groups.set(node, own)
        own.push(problem)
      }
    return groups
  }

  /** All that were reported, whoever explained them. */
  get everyProblem(): readonly Reported[] {
    return this.#reported
  }

  explain(problems: Iterable<Reported>): void {
    for (const problem of problems) this.#explained.add(problem)
  }

  outcome(id: string): Outcome | undefined {
    return this.#requirements.get(id)?.verdict?.outcome
  }

  /** It was verified and holds. Neither "does not hold" nor "was not observed". */
  holds(id: string): boolean {
    return this.outcome(id) === 'pass'
  }

  fails(id: string): boolean {
    return this.outcome(id) === 'fail'
  }

  /** Requirements of this generation that did not pass, with their verdicts. */
  get notPassed(): readonly RequirementRecord[] {
    return [...this.#requirements.values()].filter(
      ({ verdict }) => verdict !== undefined && verdict.outcome !== 'pass',
    )
  }

  /** Of all generations. */
  get everyRequirement(): readonly RequirementRecord[] {
    return [...this.#all.values()]
  }

  /** Whatever generation it counted in. */
  requirement(id: string): RequirementRecord | undefined {
    return this.#all.get(id)
  }

  get facts(): ClusterFacts | undefined {
    return this.#once('facts') as ClusterFacts | undefined
  }

  get kernelBefore(): KernelSeen | undefined {
    return this.#scene('kernel') as KernelSeen | undefined
  }

  get kernelAfter(): KernelSeen | undefined {
    return this.#scene('kernel-after') as KernelSeen | undefined
  }

  /** What decided on a node when a requirement missed something, before it put back what it had changed itself. */
  decidingWithin(requirement: string, node: string): Deciding | undefined {
    const seen = this.#scene(requirement) as { deciding?: Readonly<Record<string, Deciding>> } | undefined
    return seen?.deciding?.[node]
  }

  /** What there is in the swarm, also what an operator made. */
  get swarmObjects(): SwarmObjects | undefined {
    return this.#scene('swarm-objects') as SwarmObjects | undefined
  }

  /** What a scene of this generation saw; undefined where it was not made or threw. */
  scene(key: string): unknown {
    return this.#scene(key)
  }

  #scene(key: string): unknown {
    return (this.#once(key) as { seen?: unknown } | undefined)?.seen
  }

  /** What is stored of this generation under that name. */
  #once(name: string): unknown {
    if (!this.#seen.has(name)) this.#seen.set(name, this.#read(this.lab, `${name}#${this.generation}`))
    return this.#seen.get(name)
  }

  networkNamed(name: string | undefined): NetworkFacts | undefined {
    return Object.values(this.facts?.networks ?? {}).find((network) => network.name === name)
  }
}

/** Distinct ordered pairs of nodes that problems are about. */
export function pathsOf(problems: readonly Pick<Problem, 'path'>[]): Path[] {
  const paths = problems.flatMap(({ path }) => (path === undefined || path.from === path.to ? [] : [path]))
  return [...new Map(paths.map((path) => [`${path.from} ${path.to}`, path])).values()]
}

/** Distinct nodes where problems are; of a problem that only has a path, both its ends. */
export function placesOf(problems: readonly Problem[]): string[] {
  return [
    ...new Set(
      problems.flatMap((problem) => (problem.node === undefined ? nodesOf(problem) : [problem.node])),
    ),
  ]
}

/**
 * Nodes that account for pairs that fail: every pair of such a node fails in one direction at least with every other
 * node that was tried with it, and no other pair does. Empty where no few nodes account for them all.
 */
export function culprits(
  failing: readonly Path[],
  nodes: readonly string[],
  tried: Pick<ClusterFacts, 'pairs'> = {},
): string[] {
  const pairs = nodePairs(tried, nodes, (name) => name)
  const failed = new Set(failing.flatMap(({ from, to }) => [`${from} ${to}`, `${to} ${from}`]))
  const fails = (a: string, b: string): boolean => failed.has(`${a} ${b}`)
  const sound = new Set(pairs.filter(([a, b]) => !fails(a, b)).flat())
  const cutOff = nodes.filter((node) => !sound.has(node))
  if (cutOff.length === 0 || (cutOff.length === nodes.length && nodes.length > 2)) return []
  if (!pairs.every(([a, b]) => !fails(a, b) || cutOff.includes(a) || cutOff.includes(b))) return []
  return needed(
    cutOff,
    pairs,
    pairs.filter(([a, b]) => fails(a, b)),
  )
}

type Pairs = readonly (readonly [string, string])[]

/**
 * Where not all pairs are tried, a sound node may have been tried with nodes alone that are cut off. Those of the suspects
 * that were tried with others, and whom it needs besides to account for every pair that fails.
 */
export function needed(suspects: readonly string[], tried: Pairs, failing: Pairs): string[] {
  const all = new Set(suspects)
  const certain = new Set(
    tried
      .filter(([a, b]) => all.has(a) !== all.has(b))
      .flatMap((pair) => pair.filter((node) => all.has(node))),
  )
  const besides = new Set(failing.filter(([a, b]) => !certain.has(a) && !certain.has(b)).flat())
  return suspects.filter((node) => certain.has(node) || besides.has(node))
}

/** For titles: the nodes that account for pairs, else the pairs themselves where they are few, else how many. */
export function describePairs(nodes: readonly string[], pairs: readonly Path[]): string {
  if (nodes.length > 0) return `to or from ${inWords(nodes)}`
  if (pairs.length > 2) return `${pairs.length} ordered pairs`
  return pairs.map(({ from, to }) => `${from} → ${to}`).join(', ')
}
