import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './duration.ts'

/** Less leaves no time for anything but cleaning up. */
const shortestMs = 60_000

export function deadlineOption(): Option {
  return new Option(
    '--deadline <duration>',
    'longest the whole command may take, with its clean-up and reports, e.g. 20m',
  ).argParser(deadline)
}

export function deadline(text: string): number {
  const deadlineMs = parseDuration(text)
  if (deadlineMs >= shortestMs) return deadlineMs
  throw new InvalidArgumentError(
    `'${text}' is too short: 30 s or more are kept for cleaning up and the reports; give 1m or more.`,
  )
}

export const deadlineHelp = `
With --deadline a fifth of the time, at least 30 s and at most 3 min, is kept for cleaning up and for the reports.
Requirements that were not reached by then have no verdict: exit code 2, or 1 if something failed.`
