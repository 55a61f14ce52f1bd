import type { ObserveContext } from '../../../lib/conformance/context.ts'
import { missingFeatures } from '../../../lib/conformance/features.ts'
import { describeMissing } from '../../../lib/conformance/missing.ts'
import type { Missing } from '../../../lib/observation/judgement.ts'

/** What an observation had to leave out, because the kernels cannot carry it, each with what they lack. */
export interface LeftOut {
  readonly what: string
  readonly missing: Missing
}

/** What can be observed on this lab, and what is left out of it. */
export interface Carried {
  readonly roles: readonly ('clear' | 'secret')[]
  /** VIPs and the routing mesh. */
  readonly balances: boolean
  readonly leftOut: readonly LeftOut[]
}

/**
 * A kernel without ESP drops all that is sent to another host on the encrypted network, and one without IPVS answers
 * at no VIP and no published port. Requirements of their own say so; others are verified on what is left.
 */
export async function carried({
  cluster,
  stack,
  state,
}: Pick<ObserveContext, 'cluster' | 'stack' | 'state'>): Promise<Carried> {
  const missing = missingFeatures(cluster, await state())
  const [crypt, balance] = [missing.get('encrypted-overlay'), missing.get('ipvs')]
  return {
    roles: crypt === undefined ? ['clear', 'secret'] : ['clear'],
    balances: balance === undefined,
    leftOut: [
      ...(crypt === undefined ? [] : [{ what: stack.networks.secret.name, missing: crypt }]),
      ...(balance === undefined ? [] : [{ what: 'VIPs and published ports', missing: balance }]),
    ],
  }
}

/** For the end of a conclusion; empty where nothing was left out, or nothing of the name. */
export function exceptFor(leftOut: readonly LeftOut[], name?: string): string {
  const omitted = leftOut.filter(({ what }) => name === undefined || what === name)
  if (omitted.length === 0) return ''
  return `; left out: ${omitted.map(({ what, missing }) => `${what} (${describeMissing(missing)})`).join(', ')}`
}
