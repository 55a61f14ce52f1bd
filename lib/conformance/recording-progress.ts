import type { Logger } from 'pino'
import type { Progress, ProgressStep } from '../progress.ts'
import type { RunRecord } from './run-record.ts'

/**
 * Passes progress on and keeps each ended step in the record and in the log, with the lab it belongs to: none where
 * it is not known yet.
 */
export function recordingProgress(
  inner: Progress,
  record: Pick<RunRecord, 'steps'>,
  lab: string | undefined,
  log?: Pick<Logger, 'info'>,
): Progress {
  return {
    note(text) {
      log?.info({ lab, note: text })
      inner.note(text)
    },
    begin(what, host) {
      const shown = inner.begin(what, host)
      const startedAt = new Date()
      let detail: string | undefined
      const end = (outcome: 'done' | 'failed', text: string | undefined): void => {
        const step = {
          what,
          ...(lab === undefined ? {} : { lab }),
          ...(host === undefined ? {} : { host }),
          startedAt: startedAt.toISOString(),
          durationMs: Date.now() - startedAt.getTime(),
          outcome,
          ...(text === undefined ? {} : { detail: text }),
        }
        record.steps.push(step)
        log?.info(step)
      }
      const recorded: ProgressStep = {
        update(text) {
          detail = text
          shown.update(text)
        },
        done(text) {
          end('done', text ?? detail)
          shown.done(text)
        },
        failed(reason) {
          end('failed', reason)
          shown.failed(reason)
        },
      }
      return recorded
    },
  }
}
