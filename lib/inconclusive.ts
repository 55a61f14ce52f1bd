import { SwarmproofError } from './error.ts'

/** The harness could not know: nothing was observed that would say anything about the network, neither good nor bad. */
export class Inconclusive extends SwarmproofError {
  constructor(detail: string | ConstructorParameters<typeof SwarmproofError>[0]) {
    super(typeof detail === 'string' ? { code: 'INCONCLUSIVE', what: detail } : detail)
  }
}

/** Not one look came to its end within the bound. */
export class NeverObserved extends Inconclusive {
  constructor(what: string, withinMs: number, cause: unknown) {
    super({
      code: 'NEVER_OBSERVED',
      what: `${what}: not one look within ${withinMs / 1000} s came to its end`,
      observed: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}
