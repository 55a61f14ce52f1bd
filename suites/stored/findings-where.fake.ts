import { judgeRun } from '../../lib/conformance/judge-run.ts'
import type { RunRecord } from '../../lib/conformance/run-record.ts'
import { observationReader } from '../../lib/conformance/stored-files.ts'
import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import type { DropsByNode } from '../../lib/observe/drops.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { readRun } from '../../lib/report/read-run.ts'
import type { Topology } from '../../lib/topology/topology.ts'
import { suites } from '../index.ts'
import { unpacked } from './unpacked.fake.ts'

/** All that can be written to, for tests that show a rule something else than the lab did. */
export type Changeable<T> = { -readonly [K in keyof T]: Changeable<T[K]> }

/** Which reading of the kernel: before the traffic or after it. */
export type Reading = 'kernel' | 'kernel-after'

/** What a stored run is explained by where its hosts’ kernel state, what kernels dropped, or the lab’s file had been another. */
export async function findingsWhere(
  name: string,
  change: (state: Changeable<HostState>, node: string, reading: Reading) => void = () => {},
  changeDrops: (seen: Changeable<DropsByNode>) => void = () => {},
  topology?: Topology,
): Promise<readonly Finding[]> {
  const folder = unpacked(name)
  const stored = await judged(name)
  const record =
    topology === undefined ? stored : { ...stored, labs: stored.labs.map((lab) => ({ ...lab, topology })) }
  const read = observationReader(folder, record)
  return diagnose(record, (lab, file) => {
    const [reading] = file.split('#')
    if (reading === 'drops') {
      const stored = structuredClone(read(lab, file)) as { seen?: Changeable<DropsByNode> } | undefined
      if (stored?.seen !== undefined) changeDrops(stored.seen)
      return stored
    }
    if (reading !== 'kernel' && reading !== 'kernel-after') return read(lab, file)
    const kernel = structuredClone(read(lab, file)) as { seen?: Record<string, Changeable<HostState>> }
    for (const [node, state] of Object.entries(kernel?.seen ?? {})) change(state, node, reading)
    return kernel
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
