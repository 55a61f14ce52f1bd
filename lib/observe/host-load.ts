import type { KernelFiles } from './kernel-files.ts'

/** How busy a host is. */
export interface HostLoad {
  /** Of the last minute: tasks that run or wait for a disk. */
  readonly average: number
  readonly processors: number
  /** Since boot, in clock ticks of all processors together; subtract two readings. */
  readonly totalTicks: number
  readonly idleTicks: number
  /** That the hypervisor gave to others. */
  readonly stolenTicks: number
  /** Share of the last 10 s in which tasks waited for a processor, in per cent, where the kernel keeps it. */
  readonly waitingPercent?: number
}

/** Undefined where it was not read. */
export function parseHostLoad(files: KernelFiles): HostLoad | undefined {
  const average = files.get('/proc/loadavg')?.[0]?.split(' ')[0]
  const ticks = files
    .get('/proc/stat')
    ?.find((line) => line.startsWith('cpu '))
    ?.trim()
    .split(/\s+/)
    .slice(1, 9)
    .map(Number)
  if (average === undefined || ticks === undefined || ticks.length < 8) return undefined
  const processors = files.get('/proc/net/softnet_stat')?.length ?? 1
  const waiting = /^some avg10=([\d.]+)/.exec(files.get('/proc/pressure/cpu')?.[0] ?? '')?.[1]
  return {
    ...{ average: Number(average), processors },
    totalTicks: ticks.reduce((sum, one) => sum + one, 0),
    idleTicks: (ticks[3] ?? 0) + (ticks[4] ?? 0),
    stolenTicks: ticks[7] ?? 0,
    ...(waiting === undefined ? {} : { waitingPercent: Number(waiting) }),
  }
}

/** Shares of processor time between two readings, 0 to 1. */
export function loadBetween(
  before: HostLoad | undefined,
  after: HostLoad | undefined,
): { readonly busy: number; readonly stolen: number } | undefined {
  if (before === undefined || after === undefined) return undefined
  const total = after.totalTicks - before.totalTicks
  if (total <= 0) return undefined
  return {
    busy: 1 - (after.idleTicks - before.idleTicks) / total,
    stolen: (after.stolenTicks - before.stolenTicks) / total,
  }
}
