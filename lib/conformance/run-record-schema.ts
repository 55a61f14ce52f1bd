import { z } from 'zod'
import type { LoadedImage } from '../loaded-image.ts'
import { engineNames } from '../topology/engine.ts'
import type { RunRecord } from './run-record.ts'

/**
 * Shape of `run.json` as it is read back. Unknown keys are ignored. `schemaVersion` is checked by the reader
 * before anything else, so that a file of a later version is refused for that and not for its details.
 */
export const schemaVersion = 2

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

const overlay = z.object({ subnet: z.string(), gateway: z.string(), mtuBytes: z.number().exactOptional() })

const topology = z.object({
  name: z.string(),
  description: z.string(),
  nodes: z.array(
    z.object({
      name: z.string(),
      role: z.enum(['manager', 'worker', 'outsider']),
      engine: z.enum(engineNames).exactOptional(),
      memoryMib: z.number(),
      cpus: z.number(),
      addresses: labels,
    }),
  ),
  underlays: z.array(z.object({ name: z.string(), subnet: z.string(), mtuBytes: z.number() })),
  swarm: z.object({
    advertise: z.string(),
    dataPath: z.string(),
    dataPathPort: z.number(),
    addressPools: z.object({ pools: strings, maskLength: z.number() }).exactOptional(),
    ingress: z
      .object({
        name: z.string(),
        subnet: z.string(),
        gateway: z.string(),
        mtuBytes: z.number().exactOptional(),
        encrypted: z.boolean(),
      })
      .exactOptional(),
    gatewayBridge: z.object({ subnet: z.string(), mtuBytes: z.number() }).exactOptional(),
  }),
  stack: z.object({
    clear: overlay,
    secret: overlay,
    publishedPort: z.number(),
    ports: z.array(z.number()).exactOptional(),
    namePrefix: z.string().exactOptional(),
    // Of any version: what is read is shown, and never built again.
    probeImage: z.custom<LoadedImage>((value) => typeof value === 'string').exactOptional(),
    taskMemoryMib: z.number().exactOptional(),
  }),
})

const requirement = z.object({
  id: z.string(),
  lab: z.string(),
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

const lab = z.object({
  name: z.string(),
  topology,
  origin: z.enum(['vm', 'container', 'ssh']).exactOptional(),
  startedFrom: z.enum(['cold-boot', 'template', 'standing-lab', 'found']).exactOptional(),
  standingSince: z.string().exactOptional(),
  facts: labels,
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
  startedAt: z.string().exactOptional(),
  durationMs: z.number().exactOptional(),
})

export const runRecordSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  runId: z.string(),
  swarmproofVersion: z.string(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  state: z.enum(['running', 'finished', 'out-of-time', 'interrupted', 'harness-failed']),
  reproduce: z.string(),
  labs: z.array(lab).min(1),
  requirements: z.array(requirement),
  steps: z.array(
    z.object({
      what: z.string(),
      lab: z.string().exactOptional(),
      host: z.string().exactOptional(),
      startedAt: z.string(),
      durationMs: z.number(),
      outcome: z.enum(['done', 'failed']),
      detail: z.string().exactOptional(),
    }),
  ),
  failures: z.array(
    z.object({
      step: z.string(),
      lab: z.string().exactOptional(),
      host: z.string().exactOptional(),
      message: z.string(),
      log: strings,
      logSource: z.string().exactOptional(),
    }),
  ),
  findings: z.array(
    z.object({
      title: z.string(),
      cause: z.string(),
      remedy: strings,
      lab: z.string().exactOptional(),
      requirements: strings,
      hosts: strings.exactOptional(),
      knownIssues: strings.exactOptional(),
    }),
  ),
  leftovers: z.array(z.object({ host: z.string(), what: z.string(), remove: z.string() })).exactOptional(),
}) satisfies z.ZodType<RunRecord>
