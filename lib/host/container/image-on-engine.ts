import type { Progress, ProgressStep } from '../../progress.ts'
import type { Engine } from './engine.ts'

export interface Context {
  readonly progress: Progress
  readonly signal: AbortSignal
}

export async function hasImage({ docker }: Engine, tag: string): Promise<boolean> {
  return docker
    .getImage(tag)
    .inspect()
    .then(
      () => true,
      () => false,
    )
}

/** Waits for the end of what an engine tells about, and shows its last line. Rejects with the engine's own words. */
export function followed(
  { docker }: Engine,
  stream: NodeJS.ReadableStream,
  current: ProgressStep,
): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null) => (error === null ? resolve() : reject(error)),
      (event: { stream?: string; status?: string }) => {
        const line = (event.stream ?? event.status ?? '').trim()
        if (line !== '') current.update(line.slice(0, 100))
      },
    )
  })
}
