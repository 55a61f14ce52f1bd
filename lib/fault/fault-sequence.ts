import { choose, seededNumbers } from './seeded-choice.ts'
import { standsBeside } from './side-by-side.ts'

export interface FaultStep {
  /** From 1. */
  readonly step: number
  readonly action: 'plant' | 'remove'
  readonly fault: string
  /** Faults that stand once it is done. */
  readonly standing: readonly string[]
}

/** At most so many faults stand at once: more, and hardly anything is left that could be answered. */
const mostAtOnce = 3

/** As long as there is room, a step plants with this probability, and removes otherwise. */
const plantsWith = 0.55

/**
 * A sequence of so many steps, each of which plants a fault or removes one that stands, and then the removal of what
 * still stands. It depends on nothing but the seed, the steps and the names in the pool.
 */
export function faultSequence(seed: string, steps: number, pool: readonly string[]): readonly FaultStep[] {
  const next = seededNumbers(seed)
  const names = pool.toSorted()
  const sequence: FaultStep[] = []
  let standing: readonly string[] = []
  const add = (action: FaultStep['action'], fault: string): void => {
    standing = action === 'plant' ? [...standing, fault] : standing.filter((name) => name !== fault)
    sequence.push({ step: sequence.length + 1, action, fault, standing })
  }
  while (sequence.length < steps) {
    const plants = standing.length === 0 || (standing.length < mostAtOnce && next() < plantsWith)
    const able = plants ? names.filter((name) => standsBeside(name, standing)) : []
    const planted = choose(able, next)
    const removed = planted === undefined ? choose(standing, next) : undefined
    if (planted !== undefined) add('plant', planted)
    else if (removed !== undefined) add('remove', removed)
    else break
  }
  for (let fault = choose(standing, next); fault !== undefined; fault = choose(standing, next))
    add('remove', fault)
  return sequence
}
