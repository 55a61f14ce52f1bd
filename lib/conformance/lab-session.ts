import { type Progress, step } from '../progress.ts'
import { changesSince, changesTold } from './changes-since.ts'
import { type LabCondition, readCondition } from './lab-condition.ts'
import { lostMeanwhile } from './lost-meanwhile.ts'
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
  readonly lost?: (raised: Raised) => Promise<readonly string[]>
  readonly recoverWithinMs?: number
}

/** A lab that loses something by itself more often is no good one, and its verdicts must say so. */
const mostPutBacks = 3

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
  #putBacksLeft = mostPutBacks

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
    const told = changesTold(changes)
    if (raiseAgain === undefined) {
      this.#unsound = `the lab is not as it was before ${suspect.id}, so nothing on it can be trusted: ${told}`
      progress.note(`${this.#unsound}. It is its owner's, and is left as it is`)
      return
    }
    progress.note(`The lab is not as it was before ${suspect.id} and is put back: ${told}`)
    await this.#putBack(raiseAgain, `after ${suspect.id}`)
  }

  /** What the lab lost by itself under a test; of what a disruptive one did to it `restore` knows. */
  async lostUnder(test: ConformanceTest): Promise<readonly string[]> {
    return test.safety === 'lab' ? [] : (this.#options.lost ?? lostMeanwhile)(this.raised)
  }

  /** How to put the lab back where it lost something by itself; undefined where it is not to be. */
  putBackAfter(test: ConformanceTest): ((why: string) => Promise<void>) | undefined {
    const { raiseAgain, progress } = this.#options
    if (raiseAgain === undefined || this.#putBacksLeft === 0) return undefined
    return async (why) => {
      this.#putBacksLeft -= 1
      progress.note(
        `The lab lost something by itself and is put back, and ${test.id} is verified again: ${why}`,
      )
      await this.#putBack(raiseAgain, `after ${test.id}`)
    }
  }

  async #putBack(raiseAgain: () => Promise<Raised>, when: string): Promise<void> {
    await step(this.#options.progress, 'Putting the lab back', undefined, async (current) => {
      await this.raised.lab[Symbol.asyncDispose]()
      this.raised = await raiseAgain()
      current.update(when)
    })
    this.#before = undefined
    this.#options.onRaised(this.raised)
  }

  #look(): Promise<LabCondition> {
    return (this.#options.look ?? readCondition)(this.raised)
  }

  #changes(before: LabCondition): Promise<string[]> {
    return changesSince(before, () => this.#look(), this.#options)
  }
}
