import { randomBytes } from 'node:crypto'
import type { Topology } from '../topology/topology.ts'
import type { ReadyLab } from './bring-up.ts'
import type { LabRecord, RequirementRecord, RunRecord } from './run-record.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

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
}

/** The record of a run that begins. */
export function newRecord(options: NewRecordOptions): RunRecord {
  const startedAt = new Date()
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
    steps: [],
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
