import { z } from 'zod'
import type { RequirementRecord, RunRecord } from '../../conformance/run-record.ts'
import { summarizeRun } from '../../conformance/run-record.ts'
import { redact } from '../../redact.ts'
import { outcomeOf } from '../outcome.ts'
import { runMilliseconds } from '../time.ts'

/** What is kept of a run for ever: one line of a history file. Readers skip lines of a version they do not know. */
export const entryVersion = 1

const strings = z.array(z.string())
const outcome = z.enum(['pass', 'fail', 'skip', 'inconclusive', 'broken', 'unreached'])

export const historyEntrySchema = z.object({
  version: z.literal(entryVersion),
  runId: z.string(),
  startedAt: z.string(),
  durationMs: z.number(),
  /** What was asked for. Only runs of one series are compared with each other. */
  series: z.string(),
  commit: z.string().exactOptional(),
  /** Where the whole report can be read. */
  link: z.string().exactOptional(),
  swarmproofVersion: z.string(),
  state: z.enum(['running', 'finished', 'out-of-time', 'interrupted', 'harness-failed']),
  conclusion: z.enum(['conformant', 'not conformant', 'inconclusive']),
  partial: z.boolean(),
  counts: z.object({
    pass: z.number(),
    fail: z.number(),
    skip: z.number(),
    inconclusive: z.number(),
    broken: z.number().default(0),
    unreached: z.number(),
  }),
  labs: z.array(
    z.object({
      name: z.string(),
      origin: z.string().exactOptional(),
      engines: strings,
      kernels: strings,
    }),
  ),
  verdicts: z.array(
    z.object({ id: z.string(), lab: z.string(), outcome, durationMs: z.number().exactOptional() }),
  ),
})

export type HistoryEntry = z.infer<typeof historyEntrySchema>

export interface EntryOptions {
  /** A name instead of what was asked for, e.g. `nightly`. */
  readonly series?: string
  readonly commit?: string
  readonly link?: string
}

export function entryOf(record: RunRecord, options: EntryOptions = {}): HistoryEntry {
  const { conclusion, partial, counts } = summarizeRun(record)
  const versions = (values: readonly string[]): string[] => [...new Set(values)].sort()
  return {
    version: entryVersion,
    runId: record.runId,
    startedAt: record.startedAt,
    durationMs: Math.round(runMilliseconds(record)),
    series: redact(options.series ?? seriesOf(record)),
    ...(options.commit === undefined ? {} : { commit: options.commit }),
    ...(options.link === undefined ? {} : { link: redact(options.link) }),
    swarmproofVersion: record.swarmproofVersion,
    state: record.state,
    conclusion,
    partial,
    counts: { ...counts },
    labs: record.labs.map(({ name, origin, nodes }) => ({
      name,
      ...(origin === undefined ? {} : { origin }),
      engines: versions(nodes.map(({ engineVersion }) => engineVersion)),
      kernels: versions(nodes.map(({ kernelRelease }) => kernelRelease)),
    })),
    verdicts: record.requirements.map(verdictOf),
  }
}

function verdictOf(requirement: RequirementRecord): HistoryEntry['verdicts'][number] {
  const { id, lab, durationMs } = requirement
  return {
    id,
    lab,
    outcome: outcomeOf(requirement),
    ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs) }),
  }
}

/**
 * What a run was asked to verify, as its own words say it: topologies, profile, engine, shard, hosts. Runs that were
 * joined are named in one order; whether a stack was rebuilt does not matter, nor how hosts are logged in to.
 */
export function seriesOf(record: RunRecord): string {
  const asked = record.reproduce.split('; ').map((words) => words.replaceAll(unimportant, ''))
  return [...new Set(asked)].sort().join('; ')
}

const unimportant = / --fresh\b| --(?:known-hosts|ssh-config)(?: (?!-)\S+)+/g
