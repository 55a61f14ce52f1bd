import type { LabRecord, RequirementRecord, RunRecord } from './run-record.ts'

/** What an earlier run shows of the time that a lab takes. */
export interface EarlierLab {
  /** In the order in which they began. */
  readonly verified: readonly {
    readonly id: string
    /** With the time before it in which nothing was verified, such as for putting the lab back. */
    readonly seconds: number
  }[]
  /** Requirements at once; undefined where the run did not say. */
  readonly atOnce?: number
  /** What a call then took, in ms. */
  readonly callMs?: number
}

/** What labs must have in common: what made the hosts, their names, and the engines on them. */
export interface LabKind extends Pick<LabRecord, 'origin'> {
  readonly nodes: readonly Pick<LabRecord['nodes'][number], 'name' | 'engineVersion'>[]
}

/** The labs of earlier runs that are of this kind, in the order of the runs. */
export function earlierLabs(runs: readonly RunRecord[], kind: LabKind): EarlierLab[] {
  return runs.flatMap((run) =>
    run.labs
      .filter((lab) => lab.nodes.length > 0 && kindOf(lab) === kindOf(kind))
      .map((lab) => earlierLab(run, lab))
      .filter(({ verified }) => verified.length > 0),
  )
}

/** What was skipped took no time, and made no scene. */
function isVerified(verdict: RequirementRecord['verdict']): boolean {
  return verdict !== undefined && verdict.outcome !== 'skip'
}

/** For starved hosts, in ms. */
function waitedWithin(slowedDown: LabRecord['slowedDown'], from: number, until: number): number {
  const within = (slowedDown?.waits ?? []).map(({ startedAt, durationMs }) => {
    const began = Date.parse(startedAt)
    return Math.max(0, Math.min(until, began + durationMs) - Math.max(from, began))
  })
  return within.reduce((sum, one) => sum + one, 0)
}

function kindOf({ origin, nodes }: LabKind): string {
  const members = nodes.map(({ name, engineVersion }) => `${name} ${engineVersion}`).sort()
  return JSON.stringify([origin, members])
}

function earlierLab(
  { requirements, steps }: RunRecord,
  { name, expected, slowedDown }: LabRecord,
): EarlierLab {
  const timed = requirements
    .flatMap(({ id, lab, startedAt = '', durationMs, verdict }) => {
      const from = Date.parse(startedAt)
      return lab === name && durationMs !== undefined && isVerified(verdict) && Number.isFinite(from)
        ? [{ id, from, until: from + durationMs }]
        : []
    })
    .sort((one, other) => one.from - other.from)
  const begun = steps.find(({ what, lab }) => what === 'Verifying' && lab === name)
  let ended = Date.parse(begun?.startedAt ?? '')
  return {
    verified: timed.map(({ id, from, until }) => {
      const since = Number.isFinite(ended) ? Math.min(from, ended) : from
      ended = Number.isFinite(ended) ? Math.max(ended, until) : until
      return { id, seconds: (until - since - waitedWithin(slowedDown, since, until)) / 1000 }
    }),
    ...(expected === undefined ? {} : { atOnce: expected.atOnce }),
    ...(expected?.callMs === undefined ? {} : { callMs: expected.callMs }),
  }
}
