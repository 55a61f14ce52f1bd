import { type RunRecord, summarize } from '../conformance/run-record.ts'
import { ExitCode } from '../error.ts'

/** What a run, or several joined into one, ends with. */
export function exitCodeOf(record: RunRecord): number {
  if (record.state === 'interrupted') return ExitCode.interrupted
  if (record.state === 'harness-failed') return ExitCode.harness
  const { conclusion } = summarize(record)
  return {
    conformant: ExitCode.conformant,
    'not conformant': ExitCode.notConformant,
    inconclusive: ExitCode.inconclusive,
  }[conclusion]
}
