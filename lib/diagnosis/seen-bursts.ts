import type { BurstCounts } from '../probe/burst.ts'
import type { LabView } from './lab-view.ts'

/** A burst as the scene of that name stores it. */
export interface SeenBurst extends BurstCounts {
  readonly way: 'clear' | 'secret' | 'underlay'
  readonly from: string
  readonly to: string
}

export function seenBursts(lab: LabView): readonly SeenBurst[] {
  return (lab.scene('bursts') as { readonly bursts?: readonly SeenBurst[] } | undefined)?.bursts ?? []
}

/**
 * What the hosts themselves lost of each other's echoes on these pairs, without VXLAN: `none` only where as many as on
 * the overlays would have been some; undefined where hosts answer none or it cannot be told.
 */
export function lostBeneath(bursts: readonly SeenBurst[], pairs: readonly { from: string; to: string }[]) {
  const own = (ways: readonly SeenBurst['way'][]): { sent: number; lost: number } => {
    const of = bursts.filter(
      ({ way, from, to }) => ways.includes(way) && pairs.some((pair) => pair.from === from && pair.to === to),
    )
    const total = (figure: (burst: SeenBurst) => number): number =>
      of.reduce((sum, burst) => sum + figure(burst), 0)
    return { sent: total(({ sent }) => sent), lost: total(({ sent, distinct }) => sent - distinct) }
  }
  const lossy = (['clear', 'secret'] as const).filter((way) => own([way]).lost > 0)
  const [beneath, above] = [own(['underlay']), own(lossy)]
  if (beneath.sent === 0 || beneath.lost === beneath.sent || above.sent === 0) return undefined
  if (beneath.lost > 0) return { ...beneath, what: 'some' as const }
  return (above.lost / above.sent) * beneath.sent >= fewest
    ? { ...beneath, what: 'none' as const }
    : undefined
}

/** With so many expected, none at all is no accident (one time in 2,000). */
const fewest = 8
