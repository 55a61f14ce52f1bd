import { judgeRun } from '../../lib/conformance/judge-run.ts'
import type { RunRecord } from '../../lib/conformance/run-record.ts'
import { observationReader } from '../../lib/conformance/stored-files.ts'
import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { readRun } from '../../lib/report/read-run.ts'
import { suites } from '../index.ts'
import { unpacked } from './unpacked.fake.ts'

/** All that can be written to, for tests that show a rule something else than the lab did. */
export type Changeable<T> = { -readonly [K in keyof T]: Changeable<T[K]> }

/** Which reading of the kernel: before the traffic or after it. */
export type Reading = 'kernel' | 'kernel-after'

/** What a stored run is explained by where its hosts’ kernel state had been another. */
export async function findingsWhere(
  name: string,
  change: (state: Changeable<HostState>, node: string, reading: Reading) => void = () => {},
): Promise<readonly Finding[]> {
  const folder = unpacked(name)
  const record = await judged(name)
  const read = observationReader(folder, record)
  return diagnose(record, (lab, file) => {
    const [reading] = file.split('#')
    if (reading !== 'kernel' && reading !== 'kernel-after') return read(lab, file)
    const stored = structuredClone(read(lab, file)) as { seen?: Record<string, Changeable<HostState>> }
    for (const [node, state] of Object.entries(stored?.seen ?? {})) change(state, node, reading)
    return stored
  })
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
