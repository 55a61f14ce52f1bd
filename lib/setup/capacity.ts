import { mkdir, readFile, statfs } from 'node:fs/promises'
import { SwarmproofError } from '../error.ts'

const MIB = 1024 * 1024

/** MiB the kernel says can be had without swapping. */
export async function availableMemoryMib(): Promise<number> {
  return memoryFrom(await readFile('/proc/meminfo', 'utf8'), 'MemAvailable')
}

export function memoryFrom(meminfo: string, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1]
  return kib === undefined ? 0 : Math.floor(Number(kib) / 1024)
}

export async function freeDiskMib(directory: string): Promise<number> {
  await mkdir(directory, { recursive: true })
  const { bavail, bsize } = await statfs(directory)
  return Math.floor((bavail * bsize) / MIB)
}

/** Throws DISK_FULL with both figures unless the folder's file system has room. */
export async function requireDisk(directory: string, neededMib: number, purpose: string): Promise<void> {
  const free = await freeDiskMib(directory)
  if (free >= neededMib) return
  throw new SwarmproofError({
    code: 'DISK_FULL',
    what: `not enough disk space to ${purpose}`,
    expected: `${neededMib} MiB free in ${directory}`,
    observed: `${free} MiB free`,
    hint: 'make room, run `swarmproof clean --cache`, or set SWARMPROOF_CACHE and SWARMPROOF_STATE to folders on a larger disk',
  })
}

/** Throws MEMORY_SHORT with both figures unless that much memory can be had without swapping. */
export async function requireMemory(neededMib: number, purpose: string): Promise<void> {
  const available = await availableMemoryMib()
  if (available >= neededMib) return
  throw new SwarmproofError({
    code: 'MEMORY_SHORT',
    what: `not enough memory to ${purpose}`,
    expected: `${neededMib} MiB available`,
    observed: `${available} MiB available (MemAvailable)`,
    hint: 'end other programs, run `swarmproof clean`, or give the nodes less memoryMib in the topology',
  })
}
