import type { SeenFrame } from '../../lib/observation/frame.ts'

/** Frames by where they were seen, so that each pair of many nodes finds its own without going through all of them. */
export interface FramesByPlace {
  /** Those that were seen leaving a node for an outer address, as they were recorded. */
  leaving(node: string, address: string): readonly SeenFrame[]
  /** One that arrived at a node, by its identity. */
  arriving(node: string, identity: string): SeenFrame | undefined
}

/** @param identityOf the same on both sides for the same packet, different for different packets */
export function framesByPlace(
  frames: readonly SeenFrame[],
  identityOf: (frame: SeenFrame) => string,
): FramesByPlace {
  const left = new Map<string, SeenFrame[]>()
  const arrived = new Map<string, Map<string, SeenFrame>>()
  for (const frame of frames) {
    const { egress, seenOn, outer } = frame
    if (egress) into(left, `${seenOn} ${outer?.destination}`, () => []).push(frame)
    else into(arrived, seenOn, () => new Map()).set(identityOf(frame), frame)
  }
  return {
    leaving: (node, address) => left.get(`${node} ${address}`) ?? [],
    arriving: (node, identity) => arrived.get(node)?.get(identity),
  }
}

function into<T>(groups: Map<string, T>, key: string, none: () => T): T {
  const group = groups.get(key) ?? none()
  groups.set(key, group)
  return group
}
