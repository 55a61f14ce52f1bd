import { judgeRun } from '../../lib/conformance/judge-run.ts'
import type { RequirementRecord, RunRecord } from '../../lib/conformance/run-record.ts'
import { observationReader } from '../../lib/conformance/stored-files.ts'
import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
import type { ReadObservation } from '../../lib/diagnosis/lab-view.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import type { DropsByNode } from '../../lib/observe/drops.ts'
import { readRun } from '../../lib/report/read-run.ts'
import type { Topology } from '../../lib/topology/topology.ts'
import { suites } from '../index.ts'
import { type Changeable, type ChangeKernel, withKernel } from './changed-kernel.fake.ts'
import type { Reports } from './causes-where.fake.ts'
import { unpacked } from './unpacked.fake.ts'

/**
 * What a stored run is explained by where its hosts’ kernel state, what kernels dropped, or the lab’s file had been
 * another, and where these requirements had failed with these problems.
 */
export async function findingsWhere(
  name: string,
  change: ChangeKernel = () => {},
  changeDrops: (seen: Changeable<DropsByNode>) => void = () => {},
  topology?: Topology,
  reports: Reports = {},
): Promise<readonly Finding[]> {
  return findingsOf(name, {
    record: (judgedRun) => {
      const stored = failing(judgedRun, reports)
      return topology === undefined
        ? stored
        : { ...stored, labs: stored.labs.map((lab) => ({ ...lab, topology })) }
    },
    read: (read) =>
      withKernel((lab, file) => {
        if (!file.startsWith('drops#')) return read(lab, file)
        const drops = structuredClone(read(lab, file)) as { seen?: Changeable<DropsByNode> } | undefined
        if (drops?.seen !== undefined) changeDrops(drops.seen)
        return drops
      }, change),
  })
}

/** What a stored run is explained by where scenes had seen something else: `change` gets each by its key. */
export async function findingsWhereSeen(
  name: string,
  change: (key: string, seen: unknown) => unknown,
  changeRecord: (record: RunRecord) => RunRecord = (record) => record,
): Promise<readonly Finding[]> {
  return findingsOf(name, {
    record: changeRecord,
    read: (read) => (lab, file) => {
      const stored = structuredClone(read(lab, file)) as { seen?: unknown } | undefined
      const [key = ''] = file.split('#')
      return stored?.seen === undefined ? stored : { ...stored, seen: change(key, stored.seen) }
    },
  })
}

async function findingsOf(
  name: string,
  change: {
    readonly record: (stored: RunRecord) => RunRecord
    readonly read: (read: ReadObservation) => ReadObservation
  },
): Promise<readonly Finding[]> {
  const record = change.record(await judged(name))
  return diagnose(record, change.read(observationReader(unpacked(name), record)))
}

function failing(record: RunRecord, reports: Reports): RunRecord {
  const requirements = record.requirements.map((one): RequirementRecord => {
    const problems = reports[one.id]
    return problems === undefined || one.verdict === undefined
      ? one
      : { ...one, verdict: { ...one.verdict, outcome: 'fail', problems } }
  })
  return { ...record, requirements }
}

const records = new Map<string, Promise<RunRecord>>()

function judged(name: string): Promise<RunRecord> {
  const known = records.get(name)
  if (known !== undefined) return known
  const tests = suites.flatMap((suite) => suite.tests)
  const folder = unpacked(name)
  const judging = readRun(folder).then((stored) => judgeRun(stored, folder, tests).record)
  records.set(name, judging)
  return judging
}
