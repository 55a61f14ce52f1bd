import { AssertionError } from 'chai'
import type { Verdict } from './verdict.ts'

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how chai takes assertions of others
  namespace Chai {
    interface Assertion {
      /** Of a verdict: that it is a pass. An AssertionError with the problems, rendered, where it is a fail. */
      conformant: void
    }
  }
}

/** Adds `expect(verdict).to.be.conformant` to chai. */
export function conformantAssertion(chai: Chai.ChaiStatic): void {
  chai.Assertion.addProperty('conformant', function (this: Chai.AssertionStatic) {
    const { outcome, reason } = (this as unknown as { _obj: Verdict })._obj
    if (outcome === 'fail') throw new AssertionError(reason)
    // For reporters: it could not be known, which is no failure of what was asserted.
    if (outcome !== 'pass') throw new Error(`${outcome}: ${reason}`)
  })
}
