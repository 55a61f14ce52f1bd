import { z } from 'zod'
import type { RunRecord } from './run-record.ts'

/**
 * Shape of `run.json` as it is read back. Unknown keys are ignored. `schemaVersion` is checked by the reader
 * before anything else, so that a file of a later version is refused for that and not for its details.
 */
export const schemaVersion = 1

const strings = z.array(z.string())
const labels = z.record(z.string(), z.string())

/** JSON has no NaN and no Infinity: what could not be measured was stored as null. */
const figure = z.number().or(z.null().transform(() => Number.NaN))

const evidence = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('observation'), name: z.string(), data: z.unknown().default(null) }),
  z.object({
    kind: z.literal('measurement'),
    name: z.string(),
    value: figure,
    unit: z.string(),
    bound: z.number().exactOptional(),
  }),
  z.object({
    kind: z.literal('packets'),
    name: z.string(),
    file: z.string(),
    packets: z.number(),
    summary: strings,
  }),
])

const topology = z.object({
  name: z.string(),
  description: z.string(),
  nodes: z.array(
    z.object({
      name: z.string(),
      role: z.enum(['manager', 'worker']),
      memoryMib: z.number(),
      cpus: z.number(),
      addresses: labels,
    }),
  ),
  underlays: z.array(z.object({ name: z.string(), subnet: z.string(), mtuBytes: z.number() })),
  swarm: z.object({ advertise: z.string(), dataPath: z.string(), dataPathPort: z.number() }),
  stack: z.object({
    clear: z.object({ subnet: z.string(), gateway: z.string() }),
    secret: z.object({ subnet: z.string(), gateway: z.string() }),
    publishedPort: z.number(),
  }),
})

const requirement = z.object({
  id: z.string(),
  requirement: z.string(),
  source: z.array(z.object({ document: z.string(), section: z.string().exactOptional() })),
  safety: z.enum(['production', 'lab']),
  advisory: z.boolean(),
  method: z.string(),
  usualCauses: strings,
  remedy: strings,
  startedAt: z.string().exactOptional(),
  durationMs: z.number().exactOptional(),
  verdict: z
    .object({
      outcome: z.enum(['pass', 'fail', 'skip', 'inconclusive']),
      reason: z.string(),
      evidence: z.array(evidence),
    })
    .exactOptional(),
})

export const runRecordSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  runId: z.string(),
  swarmproofVersion: z.string(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  state: z.enum(['running', 'finished', 'interrupted', 'harness-failed']),
  reproduce: z.string(),
  topology,
  lab: z
    .object({
      origin: z.enum(['vm', 'container', 'ssh']),
      startedFrom: z.enum(['cold-boot', 'template', 'standing-lab']),
      standingSince: z.string().exactOptional(),
      facts: labels,
    })
    .exactOptional(),
  nodes: z.array(
    z.object({
      name: z.string(),
      role: z.enum(['manager', 'worker']),
      engineVersion: z.string(),
      kernelRelease: z.string(),
      advertiseAddress: z.string(),
      dataPathAddress: z.string(),
    }),
  ),
  requirements: z.array(requirement),
  steps: z.array(
    z.object({
      what: z.string(),
      host: z.string().exactOptional(),
      startedAt: z.string(),
      durationMs: z.number(),
      outcome: z.enum(['done', 'failed']),
      detail: z.string().exactOptional(),
    }),
  ),
  failure: z
    .object({
      step: z.string(),
      host: z.string().exactOptional(),
      message: z.string(),
      log: strings,
      logSource: z.string().exactOptional(),
    })
    .exactOptional(),
  findings: z.array(
    z.object({
      title: z.string(),
      cause: z.string(),
      remedy: strings,
      requirements: strings,
      hosts: strings.exactOptional(),
      knownIssues: strings.exactOptional(),
    }),
  ),
}) satisfies z.ZodType<RunRecord>
