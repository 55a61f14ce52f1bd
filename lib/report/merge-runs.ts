import { isDeepStrictEqual } from 'node:util'
import type { FailureRecord, LabRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import type { StoredSlowedDown } from '../conformance/run-record-schema.ts'
import { InputError } from '../error.ts'
import { relocated } from './relocate.ts'
import { labVariants } from './lab-variants.ts'

/**
 * Several runs as one: their labs, requirements and steps, with the paths of evidence leading below
 * `runs/<run-id>/`. Parts of one lab become one lab; labs of one topology with different engines are told apart as
 * `three-node@20.10`. Findings are left to the diagnosis. With fewer runs than `expected` the harness failed: what is
 * missing could have failed.
 * @throws InputError when a run is given twice, or two runs say different things of one requirement on one lab
 */
export function mergeRuns(stored: readonly RunRecord[], runId: string, expected = 0): RunRecord {
  refuseTwice(stored)
  const runs = labVariants(stored.map(relocated))
  const [first, ...others] = runs
  if (first === undefined) throw new InputError({ code: 'NOTHING_TO_MERGE', what: 'no run was named' })
  const missing = missingRuns(stored, expected)
  const ended = runs.map(({ endedAt }) => endedAt).filter((time) => time !== undefined)
  return {
    schemaVersion: 3,
    runId,
    swarmproofVersion: unique(runs.map((run) => run.swarmproofVersion)).join(', '),
    startedAt: others.reduce((least, { startedAt }) => earlier(least, startedAt), first.startedAt),
    ...(ended.length === runs.length ? { endedAt: ended.toSorted(byTime).at(-1) ?? '' } : {}),
    state: worst([...runs.map(({ state }) => state), ...missing.map(() => 'harness-failed' as const)]),
    reproduce: unique(runs.map((run) => run.reproduce)).join('; '),
    labs: joinLabs(runs.flatMap(({ labs }) => labs)),
    requirements: joinRequirements(runs, stored),
    steps: runs.flatMap(({ steps }) => steps).toSorted((a, b) => byTime(a.startedAt, b.startedAt)),
    failures: [...missing, ...runs.flatMap(({ failures }) => failures)],
    ...withLeftovers(runs),
    findings: [],
  }
}

function withLeftovers(runs: readonly RunRecord[]): Pick<RunRecord, 'leftovers'> {
  const leftovers = runs.flatMap((run) => run.leftovers ?? [])
  return leftovers.length === 0 ? {} : { leftovers }
}

function missingRuns(runs: readonly RunRecord[], expected: number): FailureRecord[] {
  if (runs.length >= expected) return []
  const message = [
    'not every job left a run',
    `  expected: ${expected} runs`,
    `  observed: ${runs.length}: ${runs.map((run) => run.runId).join(', ')}`,
    '  do next:  see the log of the jobs that left none; what they were to verify is not in this report',
  ]
  return [{ step: 'Collect the runs', message: message.join('\n'), log: [] }]
}

function refuseTwice(runs: readonly RunRecord[]): void {
  const ids = runs.map((run) => run.runId)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice === undefined) return
  throw new InputError({ code: 'RUN_TWICE', what: `run ${twice} is given twice`, hint: 'name each run once' })
}

/** In the order of what their exit codes tell; see `exitCodeOf`. */
const states = ['finished', 'out-of-time', 'running', 'harness-failed', 'interrupted'] as const

function worst(given: readonly RunRecord['state'][]): RunRecord['state'] {
  return states[Math.max(...given.map((state) => states.indexOf(state)))] ?? 'finished'
}

function joinLabs(all: readonly LabRecord[]): LabRecord[] {
  return unique(all.map(({ name }) => name)).map((name) => {
    const parts = all.filter((lab) => lab.name === name)
    // What stood tells more than what never came up.
    const base = parts.reduce((best, lab) => (best.nodes.length === 0 && lab.nodes.length > 0 ? lab : best))
    const differing = parts.find(({ topology }) => !isDeepStrictEqual(topology, base.topology))
    if (differing !== undefined) {
      throw new InputError({
        code: 'LABS_DIFFER',
        what: `two runs have a lab ${name}, and their topologies differ`,
        hint: 'merge runs of the same topology files, or give one of the files another name',
      })
    }
    const { expected: _, verified: __, ...whole } = base
    const durations = parts.flatMap(({ durationMs }) => durationMs ?? [])
    const starts = parts.flatMap(({ startedAt }) => startedAt ?? [])
    const slowed = parts.flatMap(({ slowedDown }) => slowedDown ?? [])
    return {
      // What was expected and sent is of a part.
      ...(parts.length > 1 ? whole : base),
      ...(slowed.length === 0 ? {} : { slowedDown: together(slowed) }),
      ...(starts.length === 0 ? {} : { startedAt: starts.reduce(earlier) }),
      ...(durations.length === 0 ? {} : { durationMs: durations.reduce((sum, each) => sum + each, 0) }),
    }
  })
}

function together(slowed: readonly StoredSlowedDown[]): StoredSlowedDown {
  return {
    waitedMs: slowed.reduce((sum, { waitedMs }) => sum + waitedMs, 0),
    waits: slowed.flatMap(({ waits }) => waits).toSorted((a, b) => byTime(a.startedAt, b.startedAt)),
  }
}

/** Of the same requirement on the same lab one entry is kept, the one with a verdict. */
function joinRequirements(runs: readonly RunRecord[], stored: readonly RunRecord[]): RequirementRecord[] {
  const kept = new Map<string, { entry: RequirementRecord; runId: string }>()
  const conflicts: string[] = []
  for (const [index, run] of runs.entries()) {
    const runId = stored[index]?.runId ?? ''
    for (const entry of run.requirements) {
      const key = `${entry.id} on ${entry.lab}`
      const known = kept.get(key)
      const [before, now] = [known?.entry.verdict?.outcome, entry.verdict?.outcome]
      if (before === undefined) kept.set(key, { entry, runId })
      else if (now !== undefined && now !== before) {
        conflicts.push(`${key}: ${before} in ${known?.runId ?? ''}, ${now} in ${runId}`)
      }
    }
  }
  if (conflicts.length === 0) return [...kept.values()].map(({ entry }) => entry)
  throw new InputError({
    code: 'VERDICTS_DIFFER',
    what: 'the runs say different things of the same requirement on the same lab',
    observed: conflicts.join('; '),
    hint: 'merge one run of each part; see each run by itself for what changed between them',
  })
}

const byTime = (a: string, b: string): number => Date.parse(a) - Date.parse(b)

const earlier = (a: string, b: string): string => (byTime(a, b) <= 0 ? a : b)

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
