import type { Frame, WireSeen } from '../../../lib/observation/frame.ts'
import { groupBy } from '../judging/group-by.ts'

/** Packets of one kind and one size that left an interface for one address. */
export interface SizeCount {
  /** Outer destination. */
  readonly to: string
  readonly kind: 'vxlan' | 'esp' | 'other'
  /** Of VXLAN. */
  readonly vni?: number
  /** Of the outer IP packet. */
  readonly bytes: number
  readonly count: number
}

/** What left an interface by size: every outer fragment, of whole packets their number and a few of each kind. */
export interface WireSizes extends WireSeen {
  readonly whole: readonly SizeCount[]
}

const examplesOfEach = 3
/** A megabyte of observations, if all that leaves is fragmented. */
const mostFragments = 1000

/** A recording of bulk transfers is told by sizes: its frames one by one would be megabytes. */
export function sizesOf(wire: WireSeen): WireSizes {
  const leaving = wire.frames.filter(({ egress, outer }) => egress && outer !== undefined)
  const fragments = leaving.filter(isFragment)
  const groups = [
    ...groupBy(
      leaving.filter((frame) => !isFragment(frame)),
      sizeKey,
    ).values(),
  ]
  const examples = groups.flatMap((frames) => frames.slice(0, examplesOfEach))
  return {
    ...wire,
    frames: [...fragments.slice(0, mostFragments), ...examples].sort((a, b) => a.index - b.index),
    whole: groups.flatMap((frames) => frames.slice(0, 1).map((frame) => countOf(frame, frames.length))),
  }
}

function isFragment({ outer }: Frame): boolean {
  return outer?.fragment !== undefined
}

function countOf(frame: Frame, count: number): SizeCount {
  const { outer, vxlan } = frame
  return {
    ...{ to: outer?.destination ?? '', kind: kindOf(frame), bytes: outer?.bytes ?? 0, count },
    ...(vxlan === undefined ? {} : { vni: vxlan.vni }),
  }
}

function kindOf({ vxlan, esp }: Frame): SizeCount['kind'] {
  if (vxlan !== undefined) return 'vxlan'
  return esp === undefined ? 'other' : 'esp'
}

function sizeKey(frame: Frame): string {
  return `${frame.outer?.destination} ${kindOf(frame)} ${frame.vxlan?.vni ?? ''} ${frame.outer?.bytes}`
}
