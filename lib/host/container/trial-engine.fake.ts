import type { Engine } from './engine.ts'

/** An engine whose trial container ends with this code, or is not made at all, and how many were made and removed. */
export function engineWhere(code: number | 'refuses'): {
  engine: Engine
  containers: { made: number; removed: number }
} {
  const containers = { made: 0, removed: 0 }
  const container = {
    start: () => (code === 'refuses' ? Promise.reject(new Error('no such image')) : Promise.resolve()),
    wait: () => Promise.resolve({ StatusCode: code }),
    remove: () => Promise.resolve(void containers.removed++),
  }
  const createContainer = (): Promise<typeof container> => {
    containers.made++
    return Promise.resolve(container)
  }
  return { engine: { docker: { createContainer } } as unknown as Engine, containers }
}
