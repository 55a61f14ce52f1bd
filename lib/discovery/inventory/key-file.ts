import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** `~/` is the own home; a relative path starts in the given folder. */
export function keyFile(name: string, folder: string): string {
  if (name === '~' || name.startsWith('~/')) return join(homedir(), name.slice(1))
  return isAbsolute(name) ? name : join(folder, name)
}
