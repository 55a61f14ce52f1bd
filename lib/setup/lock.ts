import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Progress } from '../progress.ts'
import { isAlive, ownIdentity } from './process-identity.ts'
import type { ProcessIdentity } from './process-identity.ts'

/**
 * Runs `work` while no other swarmproof process of this machine runs work under the same lock file, also from another
 * container that shares its folder. See docs/decisions/0014-signs-of-life.md.
 * A lock whose owner died is taken over; waiting is said once, and ends on abort.
 */
export async function withLock<T>(
  path: string,
  what: string,
  context: { readonly progress: Progress; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  let said = false
  while (!(await acquire(path))) {
    context.signal.throwIfAborted()
    if (!said)
      context.progress.note(`waiting for another swarmproof process that is ${what} (it holds ${path})`)
    said = true
    await sleep(250, undefined, { signal: context.signal })
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function acquire(path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(JSON.stringify(ownIdentity()))
    await file.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  await dropIfStale(path)
  return false
}

/** Whether a living process holds the lock. */
export async function isLockHeld(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  const owner = text === undefined ? undefined : parse(text)
  return owner !== undefined && isAlive(owner)
}

async function dropIfStale(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const owner = parse(text)
  if (owner !== undefined && isAlive(owner)) return
  // An empty lock may just be being written: give its owner a moment before it is taken for dead.
  await sleep(owner === undefined ? 1000 : 0)
  // Moved aside before it is judged again: two who saw the same dead owner must not remove each other's new lock.
  const aside = `${path}.${randomUUID()}.stale`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await readFile(aside, 'utf8').catch(() => text)
  if (moved !== text) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity>
    const { pid, started, namespace, sign } = value
    if (typeof pid !== 'number' || typeof started !== 'string') return undefined
    return {
      pid,
      started,
      ...(typeof namespace === 'string' ? { namespace } : {}),
      // A name alone: it becomes part of a path.
      ...(typeof sign === 'string' && /^[\w-]+$/.test(sign) ? { sign } : {}),
    }
  } catch {
    return undefined
  }
}
