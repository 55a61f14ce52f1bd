import { z } from 'zod'
import type { LoadedImage } from '../loaded-image.ts'
import { problemCodes, type ProblemCode } from '../observation/codes.ts'
import { engineNames } from '../topology/engine.ts'
import type { RunRecord } from './run-record.ts'

/**
 * Shape of `run.json` as it is read back. Unknown keys are ignored. `schemaVersion` is checked by the reader
 * before anything else, so that a file of a later version is refused for that and not for its details.
 */
export const schemaVersion = 3

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

const path = z.object({ from: z.string(), to: z.string() })
const scalar = z.union([z.string(), z.number()])

const problem = z.object({
  code: z.enum(Object.keys(problemCodes) as [ProblemCode, ...ProblemCode[]]),
  kind: z.enum(['seen', 'missed']),
  node: z.string().exactOptional(),
  path: path.exactOptional(),
  ends: path.exactOptional(),
  network: z.string().exactOptional(),
  service: z.string().exactOptional(),
  protocol: z.string().exactOptional(),
  address: z.string().exactOptional(),
  port: z.number().exactOptional(),
  subject: z.string().exactOptional(),
  expected: scalar.exactOptional(),
  observed: scalar.exactOptional(),
  via: z.string().exactOptional(),
  controls: strings.exactOptional(),
})

const outcome = z.enum(['pass', 'fail', 'skip', 'inconclusive', 'broken'])

const verdict = z.object({
  outcome,
  reason: z.string(),
  problems: z.array(problem),
  controls: z.array(z.object({ name: z.string(), held: z.boolean(), observed: scalar.exactOptional() })),
  measures: z.array(
    z.object({ name: z.string(), value: figure, unit: z.string(), bound: z.number().exactOptional() }),
  ),
  missing: z.array(
    z.object({
      what: z.string(),
      of: z.enum(['tool', 'topology', 'swarm']),
      nodes: strings,
      remedy: z.string().exactOptional(),
    }),
  ),
  unseen: z.array(
    z.object({
      what: z.string(),
      nodes: strings,
      why: z.string().exactOptional(),
      blind: z.literal(true).exactOptional(),
    }),
  ),
  threw: z.object({ code: z.string(), host: z.string().exactOptional() }).exactOptional(),
  evidence: z.array(evidence),
})

const attempt = z.object({
  generation: z.number(),
  startedAt: z.string(),
  durationMs: z.number(),
  outcome,
  problems: z.array(problem),
  observations: z.string().exactOptional(),
  repeated: z
    .object({
      because: z.enum(['swarm-moved', 'capture-incomplete']),
      lost: z.array(
        z.object({
          what: z.enum(['node', 'task']),
          node: z.string(),
          service: z.string().exactOptional(),
          state: z.string().exactOptional(),
        }),
      ),
    })
    .exactOptional(),
})

const finding = z.object({
  code: z.string(),
  severity: z.enum(['cause', 'advice']),
  title: z.string(),
  cause: z.string(),
  remedy: strings,
  lab: z.string().exactOptional(),
  generation: z.number().exactOptional(),
  from: z.string().exactOptional(),
  until: z.string().exactOptional(),
  nodes: strings,
  pairs: z.array(path),
  networks: strings,
  proof: strings,
  explains: strings,
  knownIssues: strings,
})

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
  verdict: verdict.exactOptional(),
  attempts: z.array(attempt).exactOptional(),
  knownIssues: z.array(z.object({ issue: z.string(), engines: strings, what: z.string() })).exactOptional(),
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
  findings: z.array(finding),
  leftovers: z.array(z.object({ host: z.string(), what: z.string(), remove: z.string() })).exactOptional(),
}) satisfies z.ZodType<RunRecord>
