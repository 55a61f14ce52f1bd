import { SwarmproofError } from '../error.ts'
import { type Look, eventually } from '../eventually.ts'
import { type Progress, step } from '../progress.ts'
import { differences, isLasting, type LabCondition, readCondition } from './lab-condition.ts'
import type { Raised } from './raise.ts'
import type { ConformanceTest } from './test.ts'
import type { Outcome } from './verdict.ts'

export interface LabSessionOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Brings the same lab up again, as it was saved; undefined for a lab that somebody else owns. */
  readonly raiseAgain?: () => Promise<Raised>
  /** Called with the lab that stands instead, when it was put back. */
  readonly onRaised: (raised: Raised) => void
  /** For tests. */
  readonly look?: (raised: Raised) => Promise<LabCondition>
  readonly recoverWithinMs?: number
}

/** As long as putting the lab back takes: waiting longer gains nothing. */
const recoverWithinMs = 10_000

/**
 * Keeps a lab as it was found while tests that may break it are verified: after each it is proved to be as before, or
 * put back from its snapshot. The proof is made before the next test, so that the last one of a run costs none.
 */
export class LabSession {
  raised: Raised
  readonly #options: LabSessionOptions
  #before: LabCondition | undefined
  /** The test that may have changed the lab, and whether it came to its end. */
  #suspect: { readonly id: string; readonly ended: boolean } | undefined
  #unsound: string | undefined

  constructor(raised: Raised, options: LabSessionOptions) {
    this.raised = raised
    this.#options = options
  }

  /** Before each test. Returns why nothing can be verified any more, if that is so. */
  async ready(test: ConformanceTest): Promise<string | undefined> {
    await this.restore()
    if (this.#unsound === undefined && test.safety === 'lab') this.#before ??= await this.#look()
    return this.#unsound
  }

  ended(test: ConformanceTest, outcome: Outcome): void {
    // A test that ran out of time may still be at work.
    if (test.safety === 'lab' && outcome !== 'skip') {
      this.#suspect = { id: test.id, ended: outcome !== 'inconclusive' }
    }
  }

  /** Proves that the lab is as it was before the last disruptive test, or puts it back. */
  async restore(): Promise<void> {
    const suspect = this.#suspect
    if (suspect === undefined || this.#before === undefined) return
    this.#suspect = undefined
    const { raiseAgain, progress } = this.#options
    const changes =
      suspect.ended || raiseAgain === undefined
        ? await this.#changes(this.#before)
        : [`${suspect.id} did not come to its end`]
    if (changes.length === 0) return
    const told = `${changes.slice(0, 3).join('; ')}${changes.length > 3 ? `; and ${changes.length - 3} more` : ''}`
    if (raiseAgain === undefined) {
      this.#unsound = `the lab is not as it was before ${suspect.id}, so nothing on it can be trusted: ${told}`
      progress.note(`${this.#unsound}. It is its owner's, and is left as it is`)
      return
    }
    progress.note(`The lab is not as it was before ${suspect.id} and is put back: ${told}`)
    await step(progress, 'Putting the lab back', undefined, async (current) => {
      await this.raised.lab[Symbol.asyncDispose]()
      this.raised = await raiseAgain()
      current.update(`after ${suspect.id}`)
    })
    this.#before = undefined
    this.#options.onRaised(this.raised)
  }

  #look(): Promise<LabCondition> {
    return (this.#options.look ?? readCondition)(this.raised)
  }

  async #changes(before: LabCondition): Promise<string[]> {
    let seen: string[] = ['it could not be looked at']
    const look = async (): Promise<Look<void>> => {
      const now = await this.#look()
      seen = differences(before, now)
      // What lasts is told by `seen`; there is nothing to wait for.
      if (seen.length === 0 || isLasting(before, now)) return { ready: true, value: undefined }
      return { ready: false, seen: seen.join('; ') }
    }
    const { progress, signal } = this.#options
    const bound = {
      what: 'the lab is as before',
      withinMs: this.#options.recoverWithinMs ?? recoverWithinMs,
      everyMs: 1000,
      signal,
    }
    await step(progress, 'Proving the lab unchanged', undefined, async (current) => {
      await eventually(bound, look).catch((error: unknown) => {
        if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
        if (seen.length === 0) seen = [error.message]
      })
      current.update(seen.length === 0 ? 'it is as before' : (seen[0] ?? ''))
    })
    return seen
  }
}
