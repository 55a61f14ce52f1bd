import type { Problem } from '../../lib/observation/problem.ts'
import { goesOn, nextSubnet } from './pool-order.ts'

/** What was done to use up the pools, in order. */
export interface PoolStep {
  /** `next`: made without a subnet. `by-hand`: made with one. `freed`: removed. `last`: made when that alone was free. */
  readonly step: 'next' | 'by-hand' | 'freed' | 'last'
  readonly network: string
  readonly subnet: string
}

/** A step with the subnet that was due; without one it is not known or not asked for. */
export interface OrderedStep extends PoolStep {
  readonly due?: string
}

interface Pools {
  readonly subnets: readonly string[]
  readonly engineVersion: string
  /** In use before the first step. */
  readonly taken: readonly string[]
}

/** What was due at each step, in the engine's order. */
export function ordered(
  steps: readonly PoolStep[],
  { subnets, engineVersion, taken: before }: Pools,
): OrderedStep[] {
  const taken = new Set(before)
  let last: string | undefined
  return steps.map((step) => {
    const due = dueAt(step, taken)
    if (step.step === 'freed') taken.delete(step.subnet)
    else taken.add(step.subnet)
    if (step.step === 'next') last = step.subnet
    return due === undefined ? step : { ...step, due }
  })

  function dueAt({ step }: PoolStep, inUse: ReadonlySet<string>): string | undefined {
    if (step === 'last') return steps.find((one) => one.step === 'freed')?.subnet
    // Where the engine stands is known from its first answer on.
    if (step !== 'next' || (last === undefined && goesOn(engineVersion))) return undefined
    return nextSubnet(subnets, inUse, last, engineVersion)
  }
}

/** Networks that got another subnet than was due, or none of the pools. */
export function orderProblems(
  rows: readonly OrderedStep[],
  subnets: readonly string[],
  node: string,
): Problem[] {
  return rows.flatMap(({ step, network, subnet, due }): Problem[] => {
    const where = { kind: 'seen' as const, node, network, observed: subnet }
    if (step !== 'next' && step !== 'last') return []
    const late = due !== undefined && subnet !== due
    if (step === 'last') return late ? [{ ...where, code: 'freed-subnet-not-reused', expected: due }] : []
    return [
      ...(late ? [{ ...where, code: 'subnet-out-of-turn' as const, expected: due }] : []),
      ...(subnets.includes(subnet)
        ? []
        : [{ ...where, code: 'subnet-not-of-pools' as const, expected: subnets.join(', ') }]),
    ]
  })
}
