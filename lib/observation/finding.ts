import type { Path } from './problem.ts'

/** One explanation of what a run showed. Data; where it is worded for people it is by `title`, `cause` and `remedy`. */
export interface Finding {
  /** e.g. `data-path-port-blocked`. */
  readonly code: string
  /** `cause`: it explains problems. `advice`: it explains none, and is worth knowing. */
  readonly severity: 'cause' | 'advice'
  /** What is broken, in one sentence. */
  readonly title: string
  readonly cause: string
  /** Things to type or to change, the best first. */
  readonly remedy: readonly string[]
  /** Name of the lab it is about; absent in runs of before version 3 that had one lab. */
  readonly lab?: string
  /** The generation whose observations it rests on, and when they were made. */
  readonly generation?: number
  readonly from?: string
  readonly until?: string
  readonly nodes: readonly string[]
  readonly pairs: readonly Path[]
  readonly networks: readonly string[]
  /** What was seen that shows it, each a short statement with its figures. */
  readonly proof: readonly string[]
  /** Ids of the requirements whose problems it explains. */
  readonly explains: readonly string[]
  /** Public reports of the same thing, e.g. `moby/moby#26523`. */
  readonly knownIssues: readonly string[]
}

/** As people are told it: advice that several labs give alike is one. */
export interface ToldFinding extends Finding {
  /** Names of the labs it is about. */
  readonly labs: readonly string[]
}

/** In the order they are in. Each cause stays by itself, since what it explains is of one lab. */
export function toldTogether(findings: readonly Finding[]): ToldFinding[] {
  const told: (ToldFinding & { labs: string[] })[] = []
  for (const finding of findings) {
    const same = told.find(
      ({ severity, code, title, cause }) =>
        severity === 'advice' &&
        finding.severity === 'advice' &&
        code === finding.code &&
        title === finding.title &&
        cause === finding.cause,
    )
    const labs = finding.lab === undefined ? [] : [finding.lab]
    if (same === undefined) told.push({ ...finding, labs })
    else same.labs.push(...labs.filter((lab) => !same.labs.includes(lab)))
  }
  return told
}

/** More are a wall of names in a report; all are in run.json. */
const mostPlaces = 24

/**
 * Where it is, for people: pairs where it names some, else nodes. Of many pairs the nodes that account for them, where
 * there are some, and how many pairs they are.
 */
export function describePlaces({ nodes, pairs }: Pick<Finding, 'nodes' | 'pairs'>): string[] {
  if (pairs.length > mostPlaces && nodes.length > 0)
    return [...shortList(nodes, mostPlaces), `${pairs.length} ordered pairs`]
  return shortList(pairs.length > 0 ? pairs.map(({ from, to }) => `${from} → ${to}`) : nodes, mostPlaces)
}

/** The first of many, and how many more there are. */
export function shortList(names: readonly string[], most: number): string[] {
  return names.length <= most
    ? [...names]
    : [...names.slice(0, most - 1), `and ${names.length - most + 1} more`]
}
