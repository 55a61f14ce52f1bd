import type {
  StoredAttempt,
  StoredEvidence,
  StoredKnownIssue,
  StoredOutcome,
  StoredVerdict,
} from './run-record-schema.ts'

export type Outcome = StoredOutcome
export type Verdict = StoredVerdict
/** What is publicly known of the engines at hand. */
export type KnownIssueFound = StoredKnownIssue
/** One time that a requirement was verified; the last one counts. */
export type Attempt = StoredAttempt
/** Why an attempt did not count. */
export type Repeated = NonNullable<Attempt['repeated']>
/** What a swarm lost by itself. */
export type Lost = Repeated['lost'][number]
/** What a verdict rests on. */
export type Evidence = StoredEvidence
