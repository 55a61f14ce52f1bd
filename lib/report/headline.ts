import { summarizeRun } from '../conformance/run-record.ts'
import type { Conclusion, RunRecord } from '../conformance/run-record.ts'
import { entryNoun, requirementName } from './labs.ts'
import { outcomeOf, outcomeOrder, outcomes } from './outcome.ts'

/** What a run says in a few words; the same in every report. */
export interface Headline {
  readonly conclusion: Conclusion
  /** `Not conformant`, `Conformant (partial)`. */
  readonly title: string
  /** One sentence: why. */
  readonly because: string
  /** `3 failed, 41 passed`; worst first, zeros left out. */
  readonly counts: string
  readonly partial: boolean
  readonly finished: boolean
}

export function headlineOf(record: RunRecord): Headline {
  const { conclusion, partial, counts } = summarizeRun(record)
  const word = conclusion.charAt(0).toUpperCase() + conclusion.slice(1)
  return {
    conclusion,
    title: partial ? `${word} (partial)` : word,
    because: `${because(record, conclusion)}${leftBehind(record)}`,
    counts:
      outcomeOrder
        .filter((outcome) => counts[outcome] > 0)
        .map((outcome) => `${counts[outcome]} ${outcomes[outcome].word}`)
        .join(', ') || 'no requirement was selected',
    partial,
    finished: record.state === 'finished',
  }
}

function because(record: RunRecord, conclusion: Conclusion): string {
  const end = describeEnd(record)
  const failed = binding(record, 'fail')
  const advisory = record.requirements.filter(
    (requirement) => requirement.advisory && outcomeOf(requirement) === 'fail',
  ).length
  const aside =
    advisory === 0 ? '' : ` ${plural(advisory, `advisory ${entryNoun(record)}`)} failed; those do not decide.`
  if (conclusion === 'not conformant') {
    const named = failed.length > 8 ? [...failed.slice(0, 6), `and ${failed.length - 6} more`] : failed
    return `${failed.length} of ${plural(record.requirements.length, entryNoun(record))} failed: ${named.join(', ')}.${
      end === '' ? '' : ` ${end}`
    }${aside}`
  }
  if (end !== '') return end + aside
  if (conclusion === 'conformant') return `Every requirement that was verified holds.${aside}`
  const unknown = binding(record, 'inconclusive')
  const unreached = binding(record, 'unreached')
  if (unknown.length > 0) {
    return `For ${plural(unknown.length, entryNoun(record))} the harness could not know, so nothing is promised.${aside}`
  }
  return unreached.length > 0
    ? `${plural(unreached.length, entryNoun(record))} never reached.${aside}`
    : `Nothing passed, so nothing is promised.${aside}`
}

/** What hosts are still to be rid of is said beside every verdict; empty where that is nothing. */
function leftBehind({ leftovers = [] }: RunRecord): string {
  if (leftovers.length === 0) return ''
  const hosts = [...new Set(leftovers.map(({ host }) => host))].join(', ')
  return ` Not everything the run created could be removed: ${plural(leftovers.length, 'thing')} left on ${hosts}.`
}

/** Why the run did not come to its end; empty when it did. */
export function describeEnd(record: RunRecord): string {
  switch (record.state) {
    case 'finished':
      return ''
    case 'out-of-time':
      return 'The deadline came before the end; what was known until then is shown.'
    case 'interrupted':
      return 'The run was interrupted; what was known until then is shown.'
    case 'running':
      return 'The run was killed, or was still running when this was written; what was known until then is shown.'
    case 'harness-failed': {
      const [failure] = record.failures
      if (failure === undefined) return 'The harness failed, so the network was not judged.'
      const where = failure.host === undefined ? '' : ` on ${failure.host}`
      if (record.labs.length > 1) {
        const labs = [...new Set(record.failures.flatMap(({ lab }) => lab ?? []))].join(', ')
        const on =
          labs === '' ? `at '${failure.step}'${where}` : `on ${labs}, first at '${failure.step}'${where}`
        return `The harness failed ${on}; what was not reached there was not judged.`
      }
      return `The harness failed at '${failure.step}'${where}, so the network was not judged.`
    }
  }
}

/** Names of the requirements that decide and have this outcome. */
function binding(record: RunRecord, outcome: ReturnType<typeof outcomeOf>): string[] {
  return record.requirements
    .filter((requirement) => !requirement.advisory && outcomeOf(requirement) === outcome)
    .map((requirement) => requirementName(record, requirement))
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
