import { judgeRun } from '../../lib/conformance/judge-run.ts'
import type { RequirementRecord, RunRecord } from '../../lib/conformance/run-record.ts'
import { observationReader } from '../../lib/conformance/stored-files.ts'
import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
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
  const folder = unpacked(name)
  const stored = failing(await judged(name), reports)
  const record =
    topology === undefined ? stored : { ...stored, labs: stored.labs.map((lab) => ({ ...lab, topology })) }
  const read = observationReader(folder, record)
  return diagnose(
    record,
    withKernel((lab, file) => {
      if (!file.startsWith('drops#')) return read(lab, file)
      const drops = structuredClone(read(lab, file)) as { seen?: Changeable<DropsByNode> } | undefined
      if (drops?.seen !== undefined) changeDrops(drops.seen)
      return drops
    }, change),
  )
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
