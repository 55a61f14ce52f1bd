import type { Host } from '../host/host.ts'
import { scriptFile } from '../script-file.ts'
import { type HostLoad, parseHostLoad } from './host-load.ts'
import { type KernelFiles, parseKernelFiles } from './kernel-files.ts'

/** How busy a host was at one moment, and which moment that was by its own clock. */
export interface LoadLook {
  readonly load: HostLoad
  readonly uptimeSeconds: number
  readonly bootId?: string
}

// The two that are compared stand side by side.
const files =
  '/proc/stat /proc/uptime /proc/loadavg /proc/net/softnet_stat /proc/pressure/cpu /proc/sys/kernel/random/boot_id'

const script = scriptFile(import.meta.url, 'load-look.sh', { files })

/**
 * One small remote call, which is not repeated: it is made again soon. Undefined where the host does not say it.
 * @throws RemoteError when the host does not answer within `timeoutMs`
 */
export async function readLoadLook(
  { remote }: Pick<Host, 'remote'>,
  timeoutMs: number,
): Promise<LoadLook | undefined> {
  const { stdout } = await remote.exec(script, { timeoutMs })
  return parseLoadLook(parseKernelFiles(stdout.split('\n')))
}

export function parseLoadLook(kernelFiles: KernelFiles): LoadLook | undefined {
  const load = parseHostLoad(kernelFiles)
  const uptimeSeconds = Number(kernelFiles.get('/proc/uptime')?.[0]?.split(' ')[0])
  const bootId = kernelFiles.get('/proc/sys/kernel/random/boot_id')?.[0]
  if (load === undefined || !Number.isFinite(uptimeSeconds)) return undefined
  // Those whose ticks the file counts: a container may be shown fewer than its machine has.
  const processors = kernelFiles.get('/proc/stat')?.filter((line) => /^cpu\d/.test(line)).length ?? 0
  return {
    load: { ...load, processors: processors === 0 ? load.processors : processors },
    uptimeSeconds,
    ...(bootId === undefined ? {} : { bootId }),
  }
}

/** The kernel shows times to programs in hundredths of a second on every architecture that has a Docker engine. */
const ticksPerSecond = 100

/** Shares of all processor time between two looks at one host, 0 to 1. */
export interface Granted {
  readonly seconds: number
  /** It had work for its processors, and they did it. */
  readonly busy: number
  /**
   * It had work, and the machine beneath did not run it: told by the kernel as stolen, or not told at all. An emulated
   * processor knows nothing of the time that it did not run, so that its ticks are fewer than its clock says.
   */
  readonly denied: number
}

/** Undefined where it is not the same boot, or no time went by. */
export function grantedBetween(before: LoadLook, after: LoadLook): Granted | undefined {
  const seconds = after.uptimeSeconds - before.uptimeSeconds
  if (before.bootId !== after.bootId || seconds <= 0) return undefined
  const due = seconds * ticksPerSecond * after.load.processors
  const total = after.load.totalTicks - before.load.totalTicks
  const idle = after.load.idleTicks - before.load.idleTicks
  const stolen = after.load.stolenTicks - before.load.stolenTicks
  if (total < 0 || idle < 0 || stolen < 0) return undefined
  return {
    seconds,
    busy: (total - idle - stolen) / due,
    denied: (stolen + Math.max(0, due - total)) / due,
  }
}
