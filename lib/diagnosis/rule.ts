import type { Finding, LabRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import type { Outcome } from '../conformance/verdict.ts'

/**
 * Recognises one cause by its pattern of verdicts. A rule stays silent unless the pattern is there and nothing in
 * the record speaks against it: a wrong diagnosis costs the reader more than none.
 */
export type Rule = (run: RunPattern) => Finding | undefined

/** One lab of a run as rules look at it: what happened on another lab says nothing about this one. */
export class RunPattern {
  readonly lab: LabRecord
  readonly #byId: ReadonlyMap<string, RequirementRecord>

  constructor(record: RunRecord, lab: LabRecord) {
    this.lab = lab
    this.#byId = new Map(
      record.requirements.filter((entry) => entry.lab === lab.name).map((entry) => [entry.id, entry]),
    )
  }

  outcome(id: string): Outcome | undefined {
    return this.#byId.get(id)?.verdict?.outcome
  }

  failed(...ids: readonly string[]): boolean {
    return ids.some((id) => this.outcome(id) === 'fail')
  }

  passed(...ids: readonly string[]): boolean {
    return ids.every((id) => this.outcome(id) === 'pass')
  }

  /** Empty if there is no verdict. */
  reason(id: string): string {
    return this.#byId.get(id)?.verdict?.reason ?? ''
  }

  /** Data of the observations of a requirement. */
  observations(id: string): readonly unknown[] {
    return (this.#byId.get(id)?.verdict?.evidence ?? []).flatMap((piece) =>
      piece.kind === 'observation' ? [piece.data] : [],
    )
  }

  /** Those of the given requirements that failed, in the order given. A `*` ends a prefix: `ENC-*`. */
  failedAmong(...ids: readonly string[]): string[] {
    return this.#among(ids, ['fail'])
  }

  /** Also those that were skipped or could not be known: for causes that keep a requirement from being verified. */
  notPassed(...ids: readonly string[]): string[] {
    return this.#among(ids, ['fail', 'inconclusive', 'skip'])
  }

  #among(ids: readonly string[], wanted: readonly Outcome[]): string[] {
    const all = ids.flatMap((id) =>
      id.endsWith('*') ? [...this.#byId.keys()].filter((each) => each.startsWith(id.slice(0, -1))) : [id],
    )
    return [...new Set(all)].filter((id) => wanted.some((outcome) => outcome === this.outcome(id)))
  }

  get nodeNames(): readonly string[] {
    return this.lab.topology.nodes.map((node) => node.name)
  }
}

/** A finding of a rule that still reads reasons: hosts and pairs in one list. */
export function finding(
  parts: Pick<Finding, 'title' | 'cause' | 'remedy'> & {
    readonly requirements: readonly string[]
    readonly hosts?: readonly string[]
    readonly knownIssues?: readonly string[]
  },
): Finding {
  const { hosts = [], knownIssues = [], requirements, ...rest } = parts
  return {
    ...{ code: 'pattern', severity: 'cause', networks: [], proof: [], knownIssues, ...rest },
    nodes: hosts.filter((host) => !host.includes(' → ')),
    pairs: hosts.flatMap((host) => {
      const [from, to] = host.split(' → ')
      return from === undefined || to === undefined ? [] : [{ from, to }]
    }),
    explains: requirements,
  }
}
