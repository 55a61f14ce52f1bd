import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { conformantRun } from '../fixtures/example-runs.fake.ts'
import { entryOf } from './entry.ts'
import { historyBounds, parseHistory, readHistory } from './history-file.ts'

describe('bounds of a history', () => {
  const line = (index: number): string =>
    JSON.stringify({ ...entryOf(conformantRun()), runId: `run-${index}`, verdicts: [] })

  it('keep the last runs, and a note says what was left out', () => {
    const text = Array.from({ length: historyBounds.mostRuns + 3 }, (_, index) => `${line(index)}\n`).join('')
    const { entries, notes } = parseHistory(text, 'history.jsonl')
    expect(entries).to.have.lengthOf(2000)
    expect(entries.map(({ runId }) => runId))
      .to.include('run-2002')
      .and.not.include('run-2')
    expect(notes).to.deep.equal([
      'history.jsonl: the last 2000 runs are read; the 3 lines before them are not',
    ])
  })

  it('skip a line that is nested deep or holds too much, and say why', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const wide = `[${'0,'.repeat(historyBounds.mostValues)}0]`
    const lines = [deep, `{"version":${deep}}`, wide, JSON.stringify({ version: 'x'.repeat(5000) }), line(1)]
    const { entries, notes } = parseHistory(`${lines.join('\n')}\n`, 'history.jsonl')
    expect(entries).to.have.lengthOf(1)
    expect(notes.map((note) => note.slice(0, 80))).to.deep.equal([
      'history.jsonl, line 1: skipped, it is nested more than 16 deep',
      'history.jsonl, line 2: skipped, it is nested more than 16 deep',
      'history.jsonl, line 3: skipped, it holds more than 100000 values',
      `history.jsonl, line 4: skipped, its version is "${'x'.repeat(32)}`,
    ])
  })

  it('refuse more requirements than are compared', () => {
    const verdicts = Array.from({ length: 5001 }, (_, index) => ({
      id: `X-${index}`,
      lab: 'l',
      outcome: 'pass',
    }))
    const text = JSON.stringify({ ...entryOf(conformantRun()), verdicts })
    expect(() => parseHistory(text, 'history.jsonl'))
      .to.throw(InputError, 'at most 5000 different requirements on different labs')
      .with.property('code', 'HISTORY_TOO_LARGE')
  })

  it('read no device', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))
    try {
      symlinkSync('/dev/zero', join(folder, 'history.jsonl'))
      const error: unknown = await readHistory(join(folder, 'history.jsonl')).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).to.be.instanceOf(InputError)
      expect((error as InputError).message).to.contain('it is a device, not a file')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
