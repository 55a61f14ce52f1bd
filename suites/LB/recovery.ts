import { type CrashStage, recoveredWithinMs, replacedWithinMs } from '../scene/crash-stage.ts'
import { taskLabel } from '../scene/pair.ts'

/** Which bounds ran out after a task had died, in words, each with the client that noticed and its last look. */
export function recoveryProblems({
  killed,
  rounds,
  replacement,
  replacedMs,
}: Pick<CrashStage, 'killed' | 'rounds' | 'replacement' | 'replacedMs'>): string[] {
  const late = [...new Set(rounds.map(({ client }) => client))].flatMap((client) => {
    const last = rounds.findLast((round) => round.client === client && round.failed > 0)
    if (last === undefined || last.endedMs <= recoveredWithinMs) return []
    const { failed, answered, outcomes, endedMs } = last
    return [
      `${client}: ${failed} of ${failed + answered} connections still failed ${endedMs / 1000} s after ${killed} died (${outcomes.join(', ')}), bound ${recoveredWithinMs / 1000} s`,
    ]
  })
  if (replacement === undefined)
    return [...late, `nothing runs in place of ${killed} after ${replacedWithinMs / 1000} s`]
  if (replacedMs === undefined)
    late.push(
      `${taskLabel(replacement)}, in place of ${killed}, did not answer every client within ${replacedWithinMs / 1000} s`,
    )
  return late
}
