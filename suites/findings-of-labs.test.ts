import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import { judgeRun } from '../lib/conformance/judge-run.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import { toldTogether } from '../lib/observation/finding.ts'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { parseRun } from '../lib/report/read-run.ts'
import { readGolden } from './golden/golden-case.ts'
import { suites } from './index.ts'

describe('findings of several labs', () => {
  const tests = suites.flatMap((suite) => suite.tests)
  const folders: string[] = []
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  // Both have a cause and advice of their own, the same.
  const runs = [readGolden('overlapping-routes').files, readGolden('overlapping-routes').files].map(
    (files) => {
      const folder = mkdtempSync(join(tmpdir(), 'swarmproof-labs-'))
      folders.push(folder)
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true })
        writeFileSync(join(folder, file), text)
      }
      const { record } = judgeRun(parseRun(files['run.json'] ?? '', 'run.json'), folder, tests)
      return { record, read: observationReader(folder, record) }
    },
  )
  const joined = (): RunRecord => {
    const [first] = runs
    if (first === undefined) throw new Error('no run')
    return {
      ...first.record,
      labs: runs.flatMap(({ record }, index) =>
        record.labs.map((one) => ({ ...one, name: `lab${index + 1}` })),
      ),
      requirements: runs.flatMap(({ record }, index) =>
        record.requirements.map((one) => ({ ...one, lab: `lab${index + 1}` })),
      ),
    }
  }
  const found = diagnose(joined(), ({ name, ...lab }, file) => {
    const run = runs[Number(name.at(-1)) - 1]
    const [own] = run?.record.labs ?? []
    return own === undefined ? undefined : run?.read({ ...lab, name: own.name }, file)
  })

  it('begin with the causes of all labs', () => {
    const told = found.map(({ severity, lab }) => `${severity} ${lab}`)
    expect(told).to.deep.equal(['cause lab1', 'cause lab2', 'advice lab1', 'advice lab2'])
  })

  it('are told once where labs give the same advice; causes by themselves', () => {
    const told = toldTogether(found)
    expect(told.map(({ severity, labs }) => [severity, ...labs])).to.deep.equal([
      ['cause', 'lab1'],
      ['cause', 'lab2'],
      ['advice', 'lab1', 'lab2'],
    ])
  })
})
