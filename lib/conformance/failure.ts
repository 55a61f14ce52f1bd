import { SwarmproofError } from '../error.ts'
import type { Lab } from '../host/host.ts'
import { redact } from '../redact.ts'
import { engineLogTail } from './collect-hosts.ts'
import type { FailureRecord, RunRecord } from './run-record.ts'

/** Why a run could not go on with a lab: which step, on which host, and the last lines of the log that matters. */
export async function failureOf(
  error: unknown,
  record: RunRecord,
  labName: string,
  lab: Lab | undefined,
): Promise<FailureRecord> {
  const steps = record.steps.filter(({ lab }) => lab === labName)
  // What failed before, and was borne, is not why verifying could not go on.
  const from = steps.findLast(({ what }) => what === 'Verifying')?.startedAt ?? ''
  const failed = steps.findLast(({ outcome, startedAt }) => outcome === 'failed' && startedAt >= from)
  const detail = error instanceof SwarmproofError ? error.detail : undefined
  const name = detail?.host ?? failed?.host
  const host = lab?.hosts.find((candidate) => candidate.name === name)
  const engineLog = detail?.log === undefined && host !== undefined ? await engineLogTail(host) : undefined
  const logSource = detail?.logSource ?? (engineLog === undefined ? undefined : `the engine log of ${name}`)
  return {
    step: failed?.what ?? 'Verifying',
    lab: labName,
    ...(name === undefined ? {} : { host: name }),
    message: redact(error instanceof Error ? error.message : String(error)),
    log: (detail?.log ?? engineLog ?? []).map(redact),
    ...(logSource === undefined ? {} : { logSource }),
  }
}
