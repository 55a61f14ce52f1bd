import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Modes of whatever is written below a run's folder: captures and the state of hosts are their owner's business. The
 * umask of the process is left alone, for the images of guests and hosts are built by its children.
 */
export const ownerFile = 0o600
export const ownerFolder = 0o700

/**
 * Makes a folder, and those above it that are missing, for the owner alone. One by one: where a file system says of a new
 * folder that it does not exist, as /proc does, Node's own `recursive` tries for ever.
 */
export function makeOwnerFolder(path: string): void {
  const above = dirname(path)
  if (above !== path && !existsSync(above)) makeOwnerFolder(above)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  try {
    mkdirSync(path, { mode: ownerFolder })
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

/** Takes a folder and all in it from everybody but the owner: what other programs wrote there, or was copied. Where there is none nothing is done. */
export function takeForOwner(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  chmodSync(folder, ownerFolder)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) takeForOwner(path)
    else if (entry.isFile()) chmodSync(path, ownerFile)
  }
}
