import type { ProblemCode } from './codes.ts'
import type { Reached } from './how-far.ts'

/**
 * One thing that is not as required, as data: its code says what, the other fields where. Nothing in it is a sentence;
 * `describeProblem` composes one for people, and no code reads that back.
 */
export interface Problem {
  readonly code: ProblemCode
  /** `seen`: something that must not be. `missed`: something that should be and was not seen. */
  readonly kind: 'seen' | 'missed'
  /** Name of the node where it is, not of one that is merely concerned. */
  readonly node?: string
  /** Ordered pair of nodes' names, from the sender to the receiver. */
  readonly path?: Path
  /** Labels of what speaks at the ends of the path, such as `swp-web@worker1`, where it is not the nodes themselves. */
  readonly ends?: Path
  readonly network?: string
  readonly service?: string
  readonly protocol?: string
  readonly address?: string
  readonly port?: number
  /** What in particular: an interface, a chain, a rule, a namespace, a file, an option. */
  readonly subject?: string
  readonly expected?: string | number
  readonly observed?: string | number
  /** Where what was missed was seen last. */
  readonly reached?: Reached
  /** Id of the requirement that was verified again and reported it. */
  readonly via?: string
  /** Names of the controls it rests on; all of its judgement where not given. */
  readonly controls?: readonly string[]
}

export interface Path {
  readonly from: string
  readonly to: string
}

/** The same for the same problem in two looks or two runs: all of its fields but what was observed. */
export function problemKey(problem: Problem): string {
  const { observed: _, controls: __, reached: ___, ...key } = problem
  return JSON.stringify(
    Object.entries(key)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Nodes that a problem is about: where it is, and the ends of its path. */
export function nodesOf({ node, path }: Pick<Problem, 'node' | 'path'>): string[] {
  const names = [node, path?.from, path?.to].filter((name) => name !== undefined)
  return [...new Set(names)]
}

/** Those that are the same but for what was observed are told once. */
export function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problemKey(problem), problem])).values()]
}

/** Problems that every look showed: what one look alone saw may have been on its way. */
export function inEvery(looks: readonly (readonly Problem[])[]): Problem[] {
  const [first = [], ...others] = looks
  const keys = others.map((problems) => new Set(problems.map(problemKey)))
  return first.filter((problem) => keys.every((seen) => seen.has(problemKey(problem))))
}
