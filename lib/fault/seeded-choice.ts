import { createHash } from 'node:crypto'

/**
 * Numbers from a seed: the same seed gives the same numbers, on every machine and version of Node. Each is the first 48
 * bits of SHA-256 of seed and count, as a fraction of 1.
 */
export function seededNumbers(seed: string): () => number {
  let count = 0
  return () => {
    const digest = createHash('sha256').update(`${seed}\0${count++}`).digest()
    return digest.readUIntBE(0, 6) / 2 ** 48
  }
}

/** One of the entries by the next number; undefined of none. */
export function choose<T>(entries: readonly T[], next: () => number): T | undefined {
  return entries.length === 0 ? undefined : entries[Math.floor(next() * entries.length)]
}
