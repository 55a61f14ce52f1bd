import pLimit from 'p-limit'
import { type Progress, step } from '../progress.ts'
import { changesSince, changesTold } from './changes-since.ts'
import { type LabCondition, readCondition } from './lab-condition.ts'
import { lostDuringTest } from './lost-during-test.ts'
import type { ReadyLab } from './bring-up.ts'
import type { ConformanceTest } from './test.ts'
import type { Lost, Outcome } from './verdict.ts'
import { describeLost } from './verify-with-retry.ts'

export interface LabSessionOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Brings the same lab up again, as it was saved; undefined for a lab that somebody else owns. */
  readonly raiseAgain?: () => Promise<ReadyLab>
  /** Reads the stack again as it is now; undefined for a lab that can be put back. */
  readonly readAgain?: (raised: ReadyLab) => Promise<ReadyLab>
  /** Called with the lab that stands instead, when it was put back or its stack was read again. */
  readonly onRaised: (raised: ReadyLab) => void
  /** For tests. */
  readonly look?: (raised: ReadyLab) => Promise<LabCondition>
  readonly lost?: (raised: ReadyLab) => Promise<readonly Lost[]>
  readonly recoverWithinMs?: number
}

/** A lab that loses something by itself more often is no good one, and its verdicts must say so. */
const mostPutBacks = 3

/**
 * Keeps a lab as it was found while tests that may break it are verified: after each it is proved to be as before, or
 * put back from its snapshot. The proof is made before the next test, so that the last one of a run costs none.
 */
export class LabSession {
  raised: ReadyLab
  readonly #options: LabSessionOptions
  #before: LabCondition | undefined
  /** The test that may have changed the lab, and whether it came to its end. */
  #suspect: { readonly id: string; readonly ended: boolean } | undefined
  #unsound: string | undefined
  #putBacksLeft = mostPutBacks
  readonly #inTurn = pLimit(1)

  constructor(raised: ReadyLab, options: LabSessionOptions) {
    this.raised = raised
    this.#options = options
  }

  /** Before each test; of several at a time, one after another. Returns why nothing can be verified any more, if so. */
  ready(test: ConformanceTest): Promise<string | undefined> {
    return this.#inTurn(async () => {
      await this.restore()
      if (this.#unsound === undefined && test.safety === 'lab') this.#before ??= await this.#look()
      return this.#unsound
    })
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
  async lostUnder(test: ConformanceTest): Promise<readonly Lost[]> {
    return test.safety === 'lab' ? [] : (this.#options.lost ?? lostDuringTest)(this.raised)
  }

  /**
   * How to go on where the lab lost something by itself: put back, or, where it is its owner's, its stack read again as
   * it is now. Undefined where that was done too often.
   */
  readAgainAfter(test: ConformanceTest): ((lost: readonly Lost[]) => Promise<void>) | undefined {
    const { raiseAgain, readAgain, progress } = this.#options
    if (this.#putBacksLeft === 0 || (raiseAgain === undefined && readAgain === undefined)) return undefined
    return async (lost) => {
      this.#putBacksLeft -= 1
      const how = raiseAgain === undefined ? 'its tasks are read again' : 'it is put back'
      progress.note(
        `The swarm lost ${describeLost(lost)} by itself; ${how}, and ${test.id} is verified once more`,
      )
      if (raiseAgain !== undefined) return this.#putBack(raiseAgain, `after ${test.id}`)
      this.raised = await mustExist(readAgain)(this.raised)
      this.#before = undefined
      this.#options.onRaised(this.raised)
    }
  }

  async #putBack(raiseAgain: () => Promise<ReadyLab>, when: string): Promise<void> {
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

function mustExist<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing can read this lab again')
  return value
}
