import { stripVTControlCharacters } from 'node:util'
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
export function followStream(
  { docker }: Engine,
  stream: NodeJS.ReadableStream,
  current: ProgressStep,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // A step that failed is told of in the midst of the others; the stream itself ends well.
    let failed: string | undefined
    docker.modem.followProgress(
      stream,
      (error: Error | null) => {
        if (error !== null) reject(error)
        else if (failed !== undefined) reject(new Error(failed))
        else resolve()
      },
      (event: { stream?: string; status?: string; error?: string }) => {
        failed ??= event.error
        const line = stripVTControlCharacters(event.stream ?? event.status ?? '').trim()
        if (line !== '') current.update((line.split('\n').at(-1) ?? '').slice(0, 100))
      },
    )
  })
}
