import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { judgeRun } from '../../lib/conformance/judge-run.ts'
import { observationReader } from '../../lib/conformance/stored-files.ts'
import { diagnose } from '../../lib/diagnosis/diagnosis.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { readRun } from '../../lib/report/read-run.ts'
import { suites } from '../index.ts'
import { unpackRun } from './stored-run.ts'

/** All that can be written to, for tests that show a rule something else than the lab did. */
export type Changeable<T> = { -readonly [K in keyof T]: Changeable<T[K]> }

/** Which reading of the kernel: before the traffic or after it. */
export type Reading = 'kernel' | 'kernel-after'

/** What a stored run is explained by where its hosts’ kernel state had been another. */
export async function findingsWhere(
  name: string,
  change: (state: Changeable<HostState>, node: string, reading: Reading) => void = () => {},
): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-stored-'))
  try {
    unpackRun(name, folder)
    const tests = suites.flatMap((suite) => suite.tests)
    const { record } = judgeRun(await readRun(folder), folder, tests)
    const read = observationReader(folder, record)
    return diagnose(record, (lab, file) => {
      const [reading] = file.split('#')
      if (reading !== 'kernel' && reading !== 'kernel-after') return read(lab, file)
      const stored = structuredClone(read(lab, file)) as { seen?: Record<string, Changeable<HostState>> }
      for (const [node, state] of Object.entries(stored?.seen ?? {})) change(state, node, reading)
      return stored
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
