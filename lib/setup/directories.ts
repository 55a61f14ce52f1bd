import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { InputError } from '../error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where images, templates, standing labs and the emulator are kept between runs. Everything in it can be made again. */
export function cacheDirectory(environment: Environment = process.env): string {
  return chosen(environment, 'SWARMPROOF_CACHE', 'XDG_CACHE_HOME', '.cache')
}

/** Where running labs keep their sockets, disks and keys. */
export function stateDirectory(environment: Environment = process.env): string {
  return chosen(environment, 'SWARMPROOF_STATE', 'XDG_STATE_HOME', '.local/state')
}

function chosen(environment: Environment, own: string, xdg: string, fallback: string): string {
  const given = environment[own]
  if (given !== undefined && given !== '') {
    if (isAbsolute(given)) return given
    throw new InputError({
      code: 'RELATIVE_DIRECTORY',
      what: `${own} is not an absolute path`,
      expected: 'a path that starts with /',
      observed: given,
    })
  }
  const base = environment[xdg]
  // The XDG specification says that relative paths are invalid and to be ignored.
  if (base !== undefined && isAbsolute(base)) return join(base, 'swarmproof')
  return join(environment['HOME'] ?? homedir(), fallback, 'swarmproof')
}
