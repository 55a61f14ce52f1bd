import { type Granted, grantedBetween, type LoadLook } from '../observe/load-look.ts'
import type { StoredStarvedHost } from './run-record-schema.ts'

/** A host that was short of processor time, with the figures that say so. */
export type StarvedHost = StoredStarvedHost

/** What one small call to a host showed, and how long it took to be answered. */
export interface TimedLook extends LoadLook {
  readonly answeredMs: number
}

/**
 * What "starved" means. The labs' machines are emulated on processors that are never idle, so a load or a pressure that
 * would be high elsewhere is usual there: whole labs whose every verdict was right had loads of up to 5.6 on one processor,
 * tasks that waited for it up to 96 % of 10 s, and were denied 10 % to 31 % of the processor time that they asked for
 * (`suites/stored`). What decides is therefore what cannot come of a host's own work, where that can be told:
 *
 * - it was denied at least half of the processor time that it asked for, and asked for a fifth of all that there was; or
 * - it answered a small call four times and a second later than its best in this run, where gossip allows half a second
 *   for an answer (hashicorp/memberlist, `ProbeTimeout`), and was denied two fifths of what it asked for; or, where there
 *   is nothing to compare, its tasks waited for a processor half of 10 s. A call that is late alone may be the network, or
 *   this machine.
 */
export const starvedBy = {
  deniedOfAsked: 1 / 2,
  leastAsked: 1 / 5,
  lateTimes: 4,
  lateMs: 1000,
  lateDeniedOfAsked: 2 / 5,
  lateWaitingPercent: 50,
  /** Without pressure in the kernel: tasks that run or wait, for each processor. */
  lateLoad: 2,
} as const

/** Undefined where the host had the time that it asked for, or nothing says whether it had. */
export function starvedBetween(
  node: string,
  before: TimedLook | undefined,
  now: TimedLook,
  bestMs: number,
): (StarvedHost & { readonly by: 'denied' | 'late' }) | undefined {
  const granted = before === undefined ? undefined : grantedBetween(before, now)
  const deniedOfAsked = granted === undefined ? undefined : deniedShare(granted)
  const { load, answeredMs } = now
  const isLate =
    answeredMs >= starvedBy.lateTimes * bestMs &&
    answeredMs >= bestMs + starvedBy.lateMs &&
    saysSo(now, deniedOfAsked)
  const isDenied = deniedOfAsked !== undefined && deniedOfAsked >= starvedBy.deniedOfAsked
  if (!isLate && !isDenied) return undefined
  return {
    ...{ node, by: isDenied ? 'denied' : 'late' },
    ...(deniedOfAsked === undefined ? {} : { deniedShare: rounded(deniedOfAsked) }),
    ...{ load: load.average, processors: load.processors },
    ...(load.waitingPercent === undefined ? {} : { waitingPercent: load.waitingPercent }),
    ...{ answeredMs: Math.round(answeredMs), bestMs: Math.round(bestMs) },
  }
}

/** Of the time that was asked for; a host that asked for little lacks nothing. */
function deniedShare({ busy, denied }: Granted): number {
  const asked = busy + denied
  return asked < starvedBy.leastAsked ? 0 : denied / asked
}

function saysSo({ load }: TimedLook, deniedOfAsked: number | undefined): boolean {
  if (deniedOfAsked !== undefined) return deniedOfAsked >= starvedBy.lateDeniedOfAsked
  return load.waitingPercent === undefined
    ? load.average >= starvedBy.lateLoad * load.processors
    : load.waitingPercent >= starvedBy.lateWaitingPercent
}

function rounded(share: number): number {
  return Math.round(share * 100) / 100
}

/** For people: `worker1 (denied 62 % of the processor time it asked for, load 4.1 on 1 processor, …)`. */
export function describeStarved(hosts: readonly StarvedHost[]): string {
  return hosts.map((host) => `${host.node} (${figures(host).join(', ')})`).join('; ')
}

function figures({
  deniedShare: denied = 0,
  load,
  processors,
  waitingPercent,
  answeredMs,
  bestMs,
}: StarvedHost): string[] {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1)
  return [
    ...(denied > 0 ? [`denied ${Math.round(denied * 100)} % of the processor time it asked for`] : []),
    `load ${load} on ${processors} processor${processors === 1 ? '' : 's'}`,
    ...(waitingPercent === undefined ? [] : [`tasks waiting ${Math.round(waitingPercent)} % of 10 s`]),
    `a small call answered in ${seconds(answeredMs)} s, at best ${seconds(bestMs)} s`,
  ]
}
