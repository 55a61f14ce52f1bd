import type { Finding } from './finding.ts'

/** What there is to know of one kind of finding, whatever the run: `swarmproof explain CODE`, docs/findings.md. */
export interface CatalogEntry {
  /** e.g. `data-path-port-blocked`; stable for ever. */
  readonly code: string
  /** What is broken, in one sentence that names no node. */
  readonly title: string
  /** What its findings may be, the usual one first. */
  readonly severity: Some<Finding['severity']>
  /** What it means for whoever runs the swarm: what fails, what goes on working, what misleads. */
  readonly meaning: string
  /** Observations that show it; without them nothing is said. */
  readonly proof: Some<string>
  /** Observations that speak against it, and what it leaves to other findings. */
  readonly silencedBy: Some<string>
  /** Things to type or to change, the best first. */
  readonly remedy: Some<string>
  /** Reported cases. Only what was read: a reference that nobody could open helps nobody. */
  readonly reports: readonly PublicReport[]
}

/** One or more. */
type Some<T> = readonly [T, ...T[]]

export interface PublicReport {
  readonly url: string
  /** What happened there, in one sentence of our own. */
  readonly says: string
}

/** As it is quoted: `moby/moby#26523`; the address of what is no issue. */
export function reportName({ url }: PublicReport): string {
  const [, repository, number] =
    /^https:\/\/github\.com\/([^/]+\/[^/]+)\/(?:issues|pull)\/(\d+)$/.exec(url) ?? []
  return repository === undefined ? url : `${repository}#${number}`
}
