/**
 * Live progress of long work. Rooms report; only the command line decides how it looks.
 * Implementations must never throw and must not assume a terminal.
 */
export interface Progress {
  /** Begins a step such as 'Booting' on a host; exactly one of `done` or `failed` must end it. */
  begin(what: string, host?: string): ProgressStep
  /** One line worth reading that is no step, such as 'QEMU 10.0 under emulation (KVM hangs here)'. */
  note(text: string): void
}

export interface ProgressStep {
  update(detail: string): void
  done(detail?: string): void
  failed(reason: string): void
}

/** Runs `work` as one step and ends it as the work ends. */
export async function step<T>(
  progress: Progress,
  what: string,
  host: string | undefined,
  work: (step: ProgressStep) => Promise<T>,
): Promise<T> {
  const current = progress.begin(what, host)
  try {
    const result = await work(current)
    current.done()
    return result
  } catch (error) {
    current.failed(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    throw error
  }
}

export const silentProgress: Progress = {
  begin: () => ({ update: () => undefined, done: () => undefined, failed: () => undefined }),
  note: () => undefined,
}
