import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** UNIX sockets have names of at most 107 bytes; QEMU's and vde's own additions take up to 50. */
const longestBytes = 57

/** A folder for sockets: the wanted one, or a private one under a short path where its name is too long. */
export function socketDirectory(wanted: string, uniqueName: string): string {
  if (Buffer.byteLength(wanted) <= longestBytes) return wanted
  const name = `swarmproof-${process.getuid?.() ?? 0}-${uniqueName}`
  const places = [process.env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp']
  const fits = (place: string | undefined): place is string =>
    place !== undefined && place.startsWith('/') && Buffer.byteLength(join(place, name)) <= longestBytes
  return join(places.find(fits) ?? '/tmp', name)
}

/** Recreates it, for this user only. */
export async function makeSocketDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  // Fails if somebody else put something there: in a shared folder that would be no accident.
  await mkdir(directory, { mode: 0o700 })
}
