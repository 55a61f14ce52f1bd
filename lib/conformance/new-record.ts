import { randomBytes } from 'node:crypto'
import type { Topology } from '../topology/topology.ts'
import type { ReadyLab } from './bring-up.ts'
import type { LabRecord, RequirementRecord, RunRecord, StepRecord } from './run-record.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

/** What a run did before there was a record of it. */
export interface Begun {
  readonly startedAt: Date
  /** Becomes that of the record: what is added later is in it too. */
  readonly steps: StepRecord[]
}

export interface NewRecordOptions {
  readonly labs: readonly {
    /** Unique. */
    readonly name: string
    readonly topology: Topology
    readonly suites: readonly Suite[]
  }[]
  readonly reproduce: string
  readonly version: string
  /** Where something bears it already; a new one otherwise. */
  readonly runId?: string
  readonly begun?: Begun
}

/** The record of a run that begins. */
export function newRecord(options: NewRecordOptions): RunRecord {
  const { startedAt, steps } = options.begun ?? { startedAt: new Date(), steps: [] }
  return {
    schemaVersion: 3,
    runId: options.runId ?? newRunId(startedAt),
    swarmproofVersion: options.version,
    startedAt: startedAt.toISOString(),
    state: 'running',
    reproduce: options.reproduce,
    labs: options.labs.map(({ name, topology }) => ({ name, topology, facts: {}, nodes: [] })),
    requirements: options.labs.flatMap(({ name, suites }) =>
      suites.flatMap(({ tests }) => tests.map((test) => requirementRecord(test, name))),
    ),
    steps,
    failures: [],
    findings: [],
  }
}

export function newRunId(startedAt: Date): string {
  return `${startedAt.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`
}

/** Adds what is known once the lab stands. */
export function describeLab({ lab, cluster }: ReadyLab, record: LabRecord): void {
  record.origin = cluster.manager.host.origin.id
  record.startedFrom = lab.startedFrom
  if (lab.standing !== undefined) record.standingSince = lab.standing.savedAt
  record.facts = lab.facts
  record.nodes = cluster.nodes.map((node) => ({
    name: node.host.name,
    role: node.role,
    engineVersion: node.engineVersion,
    kernelRelease: node.kernelRelease,
    advertiseAddress: node.advertise.address,
    dataPathAddress: node.dataPath.address,
  }))
}

function requirementRecord(test: ConformanceTest, lab: string): RequirementRecord {
  return {
    id: test.id,
    lab,
    requirement: test.requirement,
    source: test.source,
    safety: test.safety,
    advisory: test.advisory ?? false,
    method: test.method,
    usualCauses: test.usualCauses,
    remedy: test.remedy,
  }
}
