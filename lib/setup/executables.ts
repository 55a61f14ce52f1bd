import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/** Administrators' tools are looked for too: an ordinary user's PATH on Debian has no sbin. */
const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Full path of an executable, or undefined. */
export function findExecutable(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  for (const directory of [...path.split(':').filter((entry) => entry !== ''), ...systemDirectories]) {
    const candidate = join(directory, name)
    try {
      accessSync(candidate, constants.X_OK)
      if (statSync(candidate).isFile()) return candidate
    } catch {
      continue
    }
  }
  return undefined
}
