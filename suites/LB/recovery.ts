import { taskName } from '../../lib/observation/facts.ts'
import type { Unseen } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import {
  type CrashStage,
  isAnsweredBy,
  recoveredWithinMs,
  replacedWithinMs,
} from '../scene/experiments/crash-stage.ts'
import type { Client } from './task-shares.ts'

export type Crash = Pick<
  CrashStage,
  'killed' | 'isRandom' | 'rounds' | 'replacement' | 'replacedMs' | 'taskLooks'
>

export interface Recovery {
  readonly problems: readonly Problem[]
  readonly unseen: readonly Unseen[]
}

/** Which bounds ran out after a task had died, each with the client that noticed. */
export function judgeRecovery(crash: Crash, clientOf: (id: string) => Client): Recovery {
  const { killed, rounds, replacement, replacedMs, taskLooks } = crash
  const subject = taskName(killed)
  const late = [...groupBy(rounds, ({ client }) => client)].flatMap(([client, own]): Problem[] => {
    const last = own.findLast(({ failed }) => failed > 0)
    if (last === undefined || last.endedMs <= recoveredWithinMs) return []
    return [
      {
        ...{ ...clientOf(client), code: 'connections-still-fail', kind: 'missed', subject },
        ...{ expected: recoveredWithinMs / 1000, observed: last.endedMs / 1000 },
      },
    ]
  })
  if (replacedMs !== null) return { problems: late, unseen: [] }
  const expected = replacedWithinMs / 1000
  if (replacement !== null)
    return {
      unseen: [],
      problems: [
        ...late,
        ...unreached(crash, replacement.hostname).map((client): Problem => ({
          ...{ ...clientOf(client), code: 'replacement-not-reached', kind: 'missed' },
          ...{ path: { from: clientOf(client).node, to: replacement.node } },
          ...{ subject: taskName(replacement), expected },
        })),
      ],
    }
  return taskLooks === 0
    ? { problems: late, unseen: [{ what: `what runs in place of ${subject}`, nodes: [] }] }
    : { unseen: [], problems: [...late, { code: 'replacement-missing', kind: 'missed', subject, expected }] }
}

/**
 * Clients that the new task did not answer in their last round, or in any where chance decides, and those some of whose
 * connections failed in the last.
 */
function unreached({ rounds, isRandom }: Crash, hostname: string): string[] {
  return [...groupBy(rounds, ({ client }) => client)].flatMap(([client, own]) => {
    const last = own.slice(-1)
    const isReached = isAnsweredBy(hostname, client, isRandom === true ? own : last)
    return last.every(({ failed }) => failed === 0) && isReached ? [] : [client]
  })
}
