import { ExitCode, InterruptedError, OutOfTimeError } from '../error.ts'
import { stderr } from './output.ts'

export interface Interruption {
  readonly signal: AbortSignal
  /** Stops listening; the next signal ends the process as usual. */
  release(): void
}

export interface InterruptionOptions {
  /**
   * The longest the whole command may take, counted from the start of the process: `closingMs` before it ends the
   * command is told to stop, and at its end the process ends whatever is still to be done.
   */
  readonly deadlineMs?: number | undefined
}

/**
 * The same signal again within this time is the same event: npm hands on what its child got from the terminal
 * already, and a shell hands on a hang-up.
 */
const sameEventMs = 1000

/** Nobody cleans up for longer after an error in the program itself; then the process ends. */
const longestCleanUpMs = 600_000

/** A longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

let current: ((reason: Error) => void) | undefined

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts and lets the command clean up. Another signal than the first changes
 * nothing: CI services send SIGINT, some seconds later SIGTERM, and at last SIGKILL. The same signal again, a second
 * or more after it first came, is a person who does not want to wait: the process ends at once.
 */
export function onInterruption(
  tell: (text: string) => void,
  { deadlineMs }: InterruptionOptions = {},
): Interruption {
  const controller = new AbortController()
  const firstAt = new Map<NodeJS.Signals, number>()
  const listener = (name: NodeJS.Signals): void => {
    const first = firstAt.get(name)
    if (first === undefined) {
      firstAt.set(name, performance.now())
      const already = controller.signal.aborted
      tell(`${name}: ${already ? 'still ' : ''}cleaning up; ${name} once more ends at once`)
      controller.abort(new InterruptedError(name))
    } else if (performance.now() - first >= sameEventMs) {
      endNow(ExitCode.interrupted, name)
    }
  }
  for (const name of names) process.on(name, listener)
  const timers = deadlineMs === undefined ? [] : deadlineTimers(deadlineMs, controller, tell)
  const breakOff = (reason: Error): void => controller.abort(reason)
  current = breakOff
  return {
    signal: controller.signal,
    release: () => {
      for (const name of names) process.off(name, listener)
      for (const timer of timers) clearTimeout(timer)
      if (current === breakOff) current = undefined
    },
  }
}

/**
 * Tells the command that is under way to clean up and end, because the program itself failed. False if none is: then
 * there is nothing to clean up.
 */
export function breakOff(reason: Error): boolean {
  if (current === undefined) return false
  current(reason)
  setTimeout(
    () => endNow(ExitCode.harness, 'the clean-up after an error took too long'),
    longestCleanUpMs,
  ).unref()
  return true
}

/** Of a deadline this much is kept for cleaning up and for the reports: a fifth, but 30 s at least and 3 min at most. */
export function closingMs(deadlineMs: number): number {
  return Math.min(180_000, Math.max(30_000, deadlineMs / 5))
}

function deadlineTimers(
  deadlineMs: number,
  controller: AbortController,
  tell: (text: string) => void,
): NodeJS.Timeout[] {
  const stop = (): void => {
    if (controller.signal.aborted) return
    tell(`The deadline of ${deadlineMs / 1000} s is near: cleaning up`)
    controller.abort(new OutOfTimeError(deadlineMs))
  }
  const after = (ms: number, work: () => void): NodeJS.Timeout =>
    setTimeout(work, Math.min(longestTimerMs, Math.max(0, ms - performance.now()))).unref()
  return [
    after(deadlineMs - closingMs(deadlineMs), stop),
    after(deadlineMs, () => endNow(ExitCode.harness, `the deadline of ${deadlineMs / 1000} s`)),
  ]
}

function endNow(exitCode: number, why: string): never {
  stderr.write(`\nswarmproof: ${why}: ended without cleaning up; \`swarmproof clean\` removes what is left\n`)
  process.exit(exitCode)
}
