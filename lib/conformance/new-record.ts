import { randomBytes } from 'node:crypto'
import type { Topology } from '../topology/topology.ts'
import type { Raised } from './raise.ts'
import type { RequirementRecord, RunRecord } from './run-record.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

export interface NewRecordOptions {
  readonly topology: Topology
  readonly suites: readonly Suite[]
  readonly reproduce: string
  readonly version: string
}

/** The record of a run that begins. */
export function newRecord(options: NewRecordOptions): RunRecord {
  const startedAt = new Date()
  const requirement = (test: ConformanceTest): RequirementRecord => ({
    id: test.id,
    requirement: test.requirement,
    source: test.source,
    safety: test.safety,
    advisory: test.advisory ?? false,
    method: test.method,
    usualCauses: test.usualCauses,
    remedy: test.remedy,
  })
  return {
    schemaVersion: 1,
    runId: `${startedAt.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`,
    swarmproofVersion: options.version,
    startedAt: startedAt.toISOString(),
    state: 'running',
    reproduce: options.reproduce,
    topology: options.topology,
    nodes: [],
    requirements: options.suites.flatMap((suite) => suite.tests.map(requirement)),
    steps: [],
    findings: [],
  }
}

/** Adds what is known once the lab stands. */
export function describeLab({ lab, cluster }: Raised, record: RunRecord): void {
  record.lab = {
    origin: cluster.manager.host.origin,
    startedFrom: lab.startedFrom,
    ...(lab.standing === undefined ? {} : { standingSince: lab.standing.savedAt }),
    facts: lab.facts,
  }
  record.nodes = cluster.nodes.map((node) => ({
    name: node.host.name,
    role: node.role,
    engineVersion: node.engineVersion,
    kernelRelease: node.kernelRelease,
    advertiseAddress: node.advertise.address,
    dataPathAddress: node.dataPath.address,
  }))
}
