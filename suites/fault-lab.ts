import { changesSince, changesTold } from '../lib/conformance/changes-since.ts'
import { type LabCondition, readCondition } from '../lib/conformance/lab-condition.ts'
import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import type { Progress } from '../lib/progress.ts'
import {
  type FaultOutcome,
  type Planting,
  seeItFail,
  type SeeOptions,
  type VerifiedRun,
} from './seen-to-fail.ts'

export interface FaultLabOptions extends SeeOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Brings the lab up as it was saved. */
  readonly raise: () => Promise<ReadyLab>
  /** Lets go of a lab; it is removed where this is not given. */
  readonly leave?: (raised: ReadyLab) => Promise<void>
  /** Waits until the lab is whole after a disruptive requirement, and sees it as it is then. */
  readonly resume: (raised: ReadyLab) => Promise<ReadyLab>
  /** Sees the lab as it is under a fault, whole or not. */
  readonly seeAgain: (raised: ReadyLab) => Promise<ReadyLab>
  readonly verify: (raised: ReadyLab, ids: readonly string[]) => Promise<VerifiedRun>
  /** Whether verifying a requirement may change the lab. */
  readonly isDisruptive: (id: string) => boolean
  /** For tests. */
  readonly look?: (raised: ReadyLab) => Promise<LabCondition>
  readonly recoverWithinMs?: number
}

/**
 * A lab faults are planted on, each on the lab as it was saved: what is not as before once a fault is gone is put back.
 * A fault that was not caught on a lab that changed under it proves nothing, neither of the fault nor of the
 * requirement; it is planted once more. One that breaks disruptive requirements, or has a node join again, leaves no lab.
 */
export class FaultLab {
  readonly #options: FaultLabOptions
  #raised: ReadyLab | undefined
  #before: LabCondition | undefined

  constructor(options: FaultLabOptions) {
    this.#options = options
  }

  async see(fault: Planting): Promise<FaultOutcome> {
    const { seen, changes } = await this.#once(fault)
    if (changes.length === 0 || isCaught(seen)) return seen
    const told = `the lab changed under it: ${changesTold(changes)}`
    this.#options.progress.note(`${fault.name} is planted once more, for ${told}`)
    return { ...(await this.#once(fault)).seen, firstTry: [...seen.problems, told] }
  }

  async end(): Promise<void> {
    const raised = this.#raised
    this.#raised = this.#before = undefined
    if (raised === undefined) return
    const { leave = ({ lab }: ReadyLab) => lab[Symbol.asyncDispose]() } = this.#options
    await leave(raised)
  }

  async #once(
    fault: Planting,
  ): Promise<{ readonly seen: FaultOutcome; readonly changes: readonly string[] }> {
    const { progress, signal, isDisruptive } = this.#options
    this.#raised ??= await this.#options.raise()
    const raised = this.#raised
    const rejoins = fault.faults.some((one) => one.rejoins)
    const disruptive = rejoins || fault.breaks.some(isDisruptive)
    if (!disruptive) this.#before ??= await this.#look(raised)
    let verified = 0
    const verify = async (ids: readonly string[]): Promise<VerifiedRun> => {
      const current = await this.#current(raised, { rejoins, disruptive, planted: verified === 0 })
      verified += 1
      return this.#options.verify(current, ids)
    }
    let unclear = false
    const seen = await seeItFail(fault, raised, verify, this.#options).catch((error: unknown) => {
      unclear = true
      return notPlanted(fault, error)
    })
    if (disruptive || signal.aborted) {
      await this.end()
      return { seen, changes: [] }
    }
    const changes = await this.#changes(raised)
    if (changes.length > 0 || unclear) {
      const what = changes.length === 0 ? 'part of it may still be planted' : changesTold(changes)
      progress.note(`The lab is not as it was before ${fault.name} and is put back: ${what}`)
      await this.end()
    }
    return { seen, changes }
  }

  /** What a disruptive requirement or a node that joined again left behind has other tasks. */
  async #current(
    raised: ReadyLab,
    { rejoins, disruptive, planted }: Record<'rejoins' | 'disruptive' | 'planted', boolean>,
  ): Promise<ReadyLab> {
    if (planted) return rejoins ? this.#options.seeAgain(raised) : raised
    return disruptive ? this.#options.resume(raised) : raised
  }

  async #changes(raised: ReadyLab): Promise<string[]> {
    const before = this.#before
    return before === undefined ? [] : changesSince(before, () => this.#look(raised), this.#options)
  }

  #look(raised: ReadyLab): Promise<LabCondition> {
    return (this.#options.look ?? readCondition)(raised)
  }
}

/** What failed anyway may be what the lab's change broke. */
function isCaught({ problems, failsAnyway }: FaultOutcome): boolean {
  return problems.length === 0 && failsAnyway.length === 0
}

function notPlanted({ name, description }: Planting, error: unknown): FaultOutcome {
  const told = error instanceof Error ? error.message : String(error)
  return {
    fault: name,
    description,
    host: '',
    fell: [],
    failsAnyway: [],
    reasons: {},
    findings: [],
    seconds: 0,
    problems: [`it could not be planted or removed: ${told}`],
  }
}
