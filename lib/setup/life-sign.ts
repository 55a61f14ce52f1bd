import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDirectory, stateDirectory } from './directories.ts'

/**
 * A sign of life that is seen across PID namespaces, such as those of two containers that share a cache: a FIFO that
 * a process holds open for reading. The kernel closes it when the process ends, however it ends. Whoever opens it for
 * writing without waiting learns whether somebody holds it: ENXIO means that nobody does (fifo(7)).
 *
 * A sign whose holder died stays as a file, so that "dead" and "not to be seen from here" can be told apart.
 */
export function showLife(name: string): boolean {
  return folders()
    .map((folder) => hold(join(folder, name)))
    .includes(true)
}

/** Undefined where the sign cannot be seen from here. */
export function showsLife(name: string): boolean | undefined {
  if (!/^[\w-]+$/.test(name)) return undefined
  const seen = folders().map((folder) => isHeld(join(folder, name)))
  return seen.find((held) => held === true) ?? seen.find((held) => held === false)
}

/** Both, for each may be shared without the other. */
function folders(): string[] {
  return [...new Set([stateDirectory(), cacheDirectory()])].map((folder) => join(folder, 'alive'))
}

/** Kept for ever: what is collected would be closed. */
const held: number[] = []

/** Opened before it gets its name: nobody sees it without its holder. */
function hold(path: string): boolean {
  const unnamed = `${path}.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    dropOldSigns(dirname(path))
    if (spawnSync('mkfifo', ['-m', '600', unnamed]).status !== 0) return false
    held.push(openSync(unnamed, constants.O_RDONLY | constants.O_NONBLOCK))
    renameSync(unnamed, path)
    return true
  } catch {
    rmSync(unnamed, { force: true })
    return false
  }
}

function isHeld(path: string): boolean | undefined {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENXIO' ? false : undefined
  }
}

/** By then what its holder left is long removed, or is to be removed by name. */
const oldMs = 30 * 24 * 3_600_000

function dropOldSigns(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (Date.now() - made > oldMs && isHeld(path) === false) rmSync(path, { force: true })
  }
}
