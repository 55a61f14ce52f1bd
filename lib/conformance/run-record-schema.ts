import { z } from 'zod'
import type { LoadedImage } from '../loaded-image.ts'
import { problemCodes, type ProblemCode } from '../observation/codes.ts'
import { engineNames } from '../topology/engine.ts'
import type { Finding } from '../observation/finding.ts'
import type { Problem } from '../observation/problem.ts'
import type { Topology } from '../topology/topology.ts'

/**
 * Shape of `run.json`, from which its types come (`run-record.ts`, `verdict.ts`), and with which it is read back. Unknown
 * keys are ignored. `schemaVersion` is checked by the reader before anything else, so that a file of a later version is
 * refused for that and not for its details. What rooms below define is checked against their types.
 */
export const schemaVersion = 3

const strings = z.array(z.string())
const labels = z.record(z.string(), z.string())

/** JSON has no NaN and no Infinity: what could not be measured was stored as null. */
const figure = z.number().or(z.null().transform(() => Number.NaN))

/** What a verdict rests on. Files are relative to the run's folder. */
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
  reached: z.enum(['sender', 'wire', 'receiver', 'way-back', 'returned']).exactOptional(),
  via: z.string().exactOptional(),
  controls: strings.exactOptional(),
}) satisfies z.ZodType<Problem>

/**
 * `inconclusive`: it could not be known. `skip`: something named is missing. `broken`: an error of swarmproof's own code
 * came instead of a verdict.
 */
const outcome = z.enum(['pass', 'fail', 'skip', 'inconclusive', 'broken'])

const verdict = z.object({
  outcome,
  /** One or more sentences a tired engineer understands, composed of the data below. No code reads it. */
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
  /** The error that came instead of an observation. */
  threw: z.object({ code: z.string(), host: z.string().exactOptional() }).exactOptional(),
  evidence: z.array(evidence),
})

/** A host that was short of processor time. */
const starvedHost = z.object({
  node: z.string(),
  /** Of the processor time that it asked for, the share that the machine beneath did not give it, 0 to 1. */
  deniedShare: z.number().exactOptional(),
  /** Of the last minute: tasks that ran or waited. */
  load: z.number(),
  processors: z.number(),
  /** Share of 10 s in which its tasks waited for a processor, in per cent, where the kernel keeps it. */
  waitingPercent: z.number().exactOptional(),
  /** A small call took this long, and the fastest one of the run that long. */
  answeredMs: z.number(),
  bestMs: z.number(),
})

/** One time that a requirement was verified; the last one counts. */
const attempt = z.object({
  generation: z.number(),
  startedAt: z.string(),
  durationMs: z.number(),
  outcome,
  problems: z.array(problem),
  /** File of its observations, below the run's folder. */
  observations: z.string().exactOptional(),
  /**
   * Why it did not count. `swarm-moved`: nodes or tasks were lost by themselves. `capture-incomplete`: a capture may have
   * missed packets. `hosts-starved`: what was missed may only have been late.
   */
  repeated: z
    .object({
      because: z.enum(['swarm-moved', 'capture-incomplete', 'hosts-starved']),
      lost: z.array(
        /** What a swarm lost by itself. `node`: its state is another; `task`: its container runs no more. */
        z.object({
          what: z.enum(['node', 'task']),
          node: z.string(),
          service: z.string().exactOptional(),
          /** e.g. `Down Active`. */
          state: z.string().exactOptional(),
        }),
      ),
    })
    .exactOptional(),
  /** Hosts that were short of processor time meanwhile; asked where something was missed that time alone may explain. */
  starved: z.array(starvedHost).exactOptional(),
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
}) satisfies z.ZodType<Finding>

const overlay = z.object({ subnet: z.string(), gateway: z.string(), mtuBytes: z.number().exactOptional() })

const impairment = z.object({
  delayMs: z.number().exactOptional(),
  lossPercent: z.number().exactOptional(),
  rateKbit: z.number().exactOptional(),
  reorderPercent: z.number().exactOptional(),
})

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
      impairments: z.record(z.string(), impairment).exactOptional(),
    }),
  ),
  underlays: z.array(
    z.object({
      ...{ name: z.string(), subnet: z.string(), mtuBytes: z.number() },
      impairment: impairment.exactOptional(),
    }),
  ),
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
}) satisfies z.ZodType<Topology>

/** What is publicly known of the engines at hand. */
const knownIssue = z.object({
  /** e.g. `moby/moby#45636`. */
  issue: z.string(),
  engines: strings,
  what: z.string(),
})

/**
 * One requirement may have been verified on several labs: an entry is known by its id and its lab together.
 */
const requirement = z.object({
  id: z.string(),
  /** Name of the lab it is verified on. */
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
  /** Undefined until it was reached. */
  verdict: verdict.exactOptional(),
  /** Each time it was verified, oldest first; the last one is the verdict's. */
  attempts: z.array(attempt).exactOptional(),
  /** Of a failure. */
  knownIssues: z.array(knownIssue).exactOptional(),
})

const node = z.object({
  name: z.string(),
  role: z.enum(['manager', 'worker']),
  engineVersion: z.string(),
  kernelRelease: z.string(),
  advertiseAddress: z.string(),
  dataPathAddress: z.string(),
})

/** How often and how long a run waited for starved hosts before it began a requirement. */
const slowedDown = z.object({
  /** In all. */
  waitedMs: z.number(),
  waits: z.array(
    z.object({
      startedAt: z.string(),
      durationMs: z.number(),
      /** Whether no host was starved any more at its end; otherwise its bound had come. */
      calm: z.boolean(),
      /** At its beginning. */
      hosts: z.array(starvedHost),
    }),
  ),
})

/** A lab that requirements were verified on, or were to be. */
const lab = z.object({
  /** Unique in its run: the topology's name, `three-node@20.10` where runs of several engines were merged. */
  name: z.string(),
  topology,
  /** What made its hosts, such as `vm`, `container`, `ssh`; undefined until the lab stood. */
  origin: z.string().exactOptional(),
  startedFrom: z.enum(['cold-boot', 'template', 'standing-lab', 'found']).exactOptional(),
  standingSince: z.string().exactOptional(),
  facts: labels,
  /** Members of the swarm; empty until the lab stood. */
  nodes: z.array(node),
  /** The sample of ordered pairs of nodes that stood for all of them; undefined where all were tried. */
  pairs: z.object({ seed: z.number(), taken: z.number(), of: z.number() }).exactOptional(),
  /**
   * What was expected of verifying, before it began. `probes`: echoes, datagrams and connections, each repeat counted,
   * those of bursts not. `seconds`: from the first requirement to the last, between `least` and `most`.
   */
  expected: z
    .object({
      ...{ probes: z.number(), seconds: z.number(), least: z.number(), most: z.number() },
      /** Earlier runs of such a lab that it rests on; 0: on a table of usual times. */
      runs: z.number(),
      /** Requirements at once. */
      atOnce: z.number(),
      /** What a call on a host then took, in ms. */
      callMs: z.number().exactOptional(),
    })
    .exactOptional(),
  /** What became of it; not there where verifying did not come to its end. */
  verified: z.object({ probes: z.number(), seconds: z.number() }).exactOptional(),
  /** Undefined until its turn came. */
  startedAt: z.string().exactOptional(),
  /** From its start until it was left. */
  durationMs: z.number().exactOptional(),
  /**
   * What was asked of each host from its start until it was left, by host name: commands run to their end, processes
   * that stream, files written or read, requests to the API of its engine, whose connections are among the processes.
   */
  calls: z
    .record(
      z.string(),
      z.object({
        ...{ commands: z.number(), processes: z.number(), files: z.number(), engineRequests: z.number() },
      }),
    )
    .exactOptional(),
  /** Undefined where no host was starved. */
  slowedDown: slowedDown.exactOptional(),
})

const stepped = z.object({
  what: z.string(),
  /** Name of the lab it belongs to. */
  lab: z.string().exactOptional(),
  host: z.string().exactOptional(),
  startedAt: z.string(),
  durationMs: z.number(),
  outcome: z.enum(['done', 'failed']),
  detail: z.string().exactOptional(),
})

const failure = z.object({
  step: z.string(),
  /** Name of the lab it happened on. */
  lab: z.string().exactOptional(),
  host: z.string().exactOptional(),
  /** Composed message: what, where, expected, observed, what to do. */
  message: z.string(),
  /** Last lines of the log that matters. */
  log: strings,
  logSource: z.string().exactOptional(),
})

export const runRecordSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  runId: z.string(),
  swarmproofVersion: z.string(),
  startedAt: z.string(),
  /** Undefined while it runs, and for ever if it was killed. */
  endedAt: z.string().exactOptional(),
  /** `out-of-time`: the deadline came before every requirement was reached. */
  state: z.enum(['running', 'finished', 'out-of-time', 'interrupted', 'harness-failed']),
  /** The command that does it again. */
  reproduce: z.string(),
  /** In the order they were verified. */
  labs: z.array(lab).min(1),
  /** Every requirement that was selected, in order. */
  requirements: z.array(requirement),
  /** Steps of bringing up and tearing down, with their times. */
  steps: z.array(stepped),
  /** Why the run could not go on, one for each lab that failed; empty if nothing did. */
  failures: z.array(failure),
  findings: z.array(finding),
  /** What the run made and could not remove. */
  leftovers: z.array(z.object({ host: z.string(), what: z.string(), remove: z.string() })).exactOptional(),
})

/** As it is stored: nothing changes what once was written. */
export type Stored<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Entry)[]
      ? readonly Stored<Entry>[]
      : { readonly [Key in keyof T]: Stored<T[Key]> }

export type StoredOutcome = z.output<typeof outcome>
export type StoredVerdict = Stored<z.output<typeof verdict>>
export type StoredEvidence = Stored<z.output<typeof evidence>>
export type StoredAttempt = Stored<z.output<typeof attempt>>
export type StoredStarvedHost = Stored<z.output<typeof starvedHost>>
export type StoredSlowedDown = Stored<z.output<typeof slowedDown>>
export type StoredKnownIssue = Stored<z.output<typeof knownIssue>>
export type StoredNode = Stored<z.output<typeof node>>
export type StoredLab = Stored<z.output<typeof lab>>
export type StoredRequirement = Stored<z.output<typeof requirement>>
export type StoredStep = Stored<z.output<typeof stepped>>
export type StoredFailure = Stored<z.output<typeof failure>>
export type StoredRun = Stored<z.output<typeof runRecordSchema>>
