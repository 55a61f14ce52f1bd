import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suites } from '../../suites/index.ts'
import type { Files } from '../../suites/stored/stored-run.ts'
import { judgeRun } from '../conformance/judge-run.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { observationReader } from '../conformance/stored-files.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import type { Finding } from '../observation/finding.ts'
import { problemKey } from '../observation/problem.ts'
import { parseRun } from '../report/read-run.ts'

/** What verdicts and findings make of a stored run today, without times. */
export interface StoredExplanation {
  readonly outcomes: Readonly<Record<string, string>>
  /** Keys of problems, by requirement, with how far each came where that was followed. */
  readonly problems: Readonly<Record<string, readonly string[]>>
  readonly findings: readonly Pick<
    Finding,
    'code' | 'severity' | 'title' | 'nodes' | 'pairs' | 'networks' | 'proof' | 'explains'
  >[]
}

/** Judges a run as it is stored, in a folder of its own that is gone afterwards, and gives it with what was observed. */
export function judgingStored<T>(
  files: Files,
  use: (record: RunRecord, read: ReturnType<typeof observationReader>) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-golden-'))
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    const stored = parseRun(files['run.json'] ?? '', 'run.json')
    const { record, files: read } = judgeRun(
      stored,
      folder,
      suites.flatMap((suite) => suite.tests),
    )
    return use(record, observationReader(read, record))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Judges and explains a run as it is stored. */
export function explainStored(files: Files): StoredExplanation {
  return judgingStored(files, (record, read) => {
    const byId = <T>(of: (one: (typeof record.requirements)[number]) => T): Record<string, T> =>
      Object.fromEntries(record.requirements.map((one) => [one.id, of(one)]))
    return {
      outcomes: byId(({ verdict }) => verdict?.outcome ?? 'unreached'),
      problems: byId(({ verdict }) =>
        (verdict?.problems ?? []).map((one) => [problemKey(one), one.reached ?? []].flat().join(' ')),
      ),
      findings: diagnose(record, read).map(
        ({ code, severity, title, nodes, pairs, networks, proof, explains }) => ({
          ...{ code, severity, title, nodes, pairs, networks, proof, explains },
        }),
      ),
    }
  })
}
