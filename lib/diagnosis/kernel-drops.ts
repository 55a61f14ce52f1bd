import type { Drop, DropsByNode } from '../observe/drops.ts'
import { type DropMeaning, meaningOf } from './drop-reasons.ts'
import type { LabView } from './lab-view.ts'

/** Packets that a node's kernel dropped, and what that tells. */
export interface KernelDrop extends Drop {
  readonly node: string
  readonly meaning: DropMeaning
}

const ipv4 = '0x0800'

/** How many times as many as on any node that is not concerned. */
const outstanding = 3

/** What a node's kernel counted, with the reasons that tell nothing; undefined where it was not counted. */
export function dropsOn(lab: LabView, node: string): readonly Drop[] | undefined {
  const one = (lab.scene('drops') as DropsByNode | undefined)?.[node]
  return one !== undefined && 'got' in one ? one.got.drops : undefined
}

/** IPv4 packets that a kernel dropped for this reason, wherever; undefined where it was not counted. */
export function droppedFor(lab: LabView, node: string, reason: string): number | undefined {
  return dropsOn(lab, node)
    ?.filter((drop) => drop.reason === reason && drop.protocol === ipv4)
    .reduce((sum, { count }) => sum + count, 0)
}

/**
 * Drops of IPv4 packets that can account for `lost` packets at a node: of a reason that tells something, as many at
 * least, and many more than any node beside `concerned` has for the same. Most frequent first.
 */
export function tellingDrops(
  lab: LabView,
  node: string,
  { lost, concerned }: { readonly lost: number; readonly concerned: readonly string[] },
): KernelDrop[] {
  const others = lab.nodeNames.filter((name) => name !== node && !concerned.includes(name))
  return (dropsOn(lab, node) ?? []).flatMap((drop): KernelDrop[] => {
    const meaning = meaningOf(drop)
    if (meaning === undefined || drop.protocol !== ipv4 || drop.count < Math.max(1, lost)) return []
    const elsewhere = others.map((name) => sameOn(lab, name, drop))
    return elsewhere.every((count) => count !== undefined && drop.count >= outstanding * count)
      ? [{ ...drop, node, meaning }]
      : []
  })
}

/**
 * Whether the kernel of a node says why it dropped as many packets as were lost there, and none of the reasons is the one
 * that is asked about: a counter of that one rose for other packets.
 */
export function isDroppedOtherwise(
  lab: LabView,
  node: string,
  lost: number,
  isReason: (drop: KernelDrop) => boolean,
): boolean {
  const drops = tellingDrops(lab, node, { lost, concerned: [node] })
  return drops.length > 0 && !drops.some(isReason)
}

/** What rules drop, and what finds no room in connection tracking. */
export const isOfNetfilter = ({ reason }: KernelDrop): boolean => reason === 'NETFILTER_DROP'

/** For proofs. */
export function describeDrop({ node, count, reason, location }: KernelDrop): string {
  return `${node}: its kernel dropped ${count} IPv4 packets in ${location} while requirements were verified: ${reason}`
}

function sameOn(lab: LabView, node: string, { reason, location }: Drop): number | undefined {
  return dropsOn(lab, node)
    ?.filter((drop) => drop.reason === reason && drop.location === location && drop.protocol === ipv4)
    .reduce((sum, { count }) => sum + count, 0)
}
