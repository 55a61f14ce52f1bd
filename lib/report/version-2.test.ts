import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import { entryOf } from './history/entry.ts'
import { addToHistory, readHistory } from './history/history-file.ts'
import { mergeRuns } from './merge-runs.ts'
import { parseRun, readRun } from './read-run.ts'
import { writeReports } from './report.ts'

/** `run.json` as the last commit that wrote version 2 left it of the quick profile on a three-host lab. */
const stored = gunzipSync(
  readFileSync(new URL('fixtures/version-2-quick.json.gz', import.meta.url)),
).toString()

describe('a run of schema version 2', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarmproof-version-2-'))
    await writeFile(join(folder, 'run.json'), stored)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is read with its verdicts and what they rest on', async () => {
    expect(JSON.parse(stored)).to.have.property('schemaVersion', 2)
    const { schemaVersion, requirements } = await readRun(folder)
    expect(schemaVersion).to.equal(3)
    expect(requirements.map(({ verdict }) => verdict?.outcome)).to.deep.equal(Array(12).fill('pass'))
    for (const { id, verdict } of requirements) {
      expect(verdict?.reason, id).to.match(/\w/)
      expect(verdict?.evidence, id).to.not.deep.equal([])
      expect(verdict, id).to.deep.include({ problems: [], controls: [], missing: [], unseen: [] })
    }
  })

  it('gets every report, each with all its requirements', async () => {
    const files = await writeReports(folder)
    expect(files.errors).to.deep.equal([])
    const { requirements } = await readRun(folder)
    for (const file of ['conformance.html', 'junit.xml']) {
      const text = await readFile(join(folder, file), 'utf8')
      for (const { id } of requirements) expect(text, `${file}, ${id}`).to.contain(id)
    }
    expect(await readFile(join(folder, 'summary.md'), 'utf8')).to.match(/^## ✅ Conformant\n/)
  })

  it('is merged with another part', () => {
    const half = (runId: string, isFirst: boolean): RunRecord => {
      const record = parseRun(stored, 'run.json')
      const requirements = record.requirements.filter((_, index) => index < 6 === isFirst)
      return { ...record, runId, reproduce: `swarmproof run --shard ${runId}`, requirements }
    }
    const merged = mergeRuns([half('one', true), half('two', false)], 'merged')
    expect(merged.requirements.map(({ id, verdict }) => [id, verdict?.outcome])).to.deep.equal(
      parseRun(stored, 'run.json').requirements.map(({ id, verdict }) => [id, verdict?.outcome]),
    )
  })

  it('is put into a history', async () => {
    const file = join(folder, 'history.jsonl')
    const record = await readRun(folder)
    await addToHistory(file, entryOf(record))
    const { entries, notes } = await readHistory(file)
    expect(notes).to.deep.equal([])
    expect(entries).to.deep.equal([entryOf(record)])
  })
})
