import { ExitCode, InterruptedError } from '../error.ts'

export interface Interruption {
  readonly signal: AbortSignal
  /** Stops listening; the next signal ends the process as usual. */
  release(): void
}

/** The first Ctrl-C, SIGTERM or hang-up aborts and lets the command clean up; a second one ends at once. */
export function onInterruption(tell: (text: string) => void): Interruption {
  const controller = new AbortController()
  const listener = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      process.stderr.write(
        '\nswarmproof: ended without cleaning up; `swarmproof clean` removes what is left\n',
      )
      process.exit(ExitCode.interrupted)
    }
    tell(`${name}: cleaning up; once more ends at once`)
    controller.abort(new InterruptedError(name))
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, listener)
  return {
    signal: controller.signal,
    release: () => names.forEach((name) => process.off(name, listener)),
  }
}
