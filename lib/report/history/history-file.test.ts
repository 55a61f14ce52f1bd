import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { conformantRun, engineMatrixRun } from '../fixtures/example-runs.fake.ts'
import { nightRun, nights } from '../fixtures/example-history.fake.ts'
import { entryOf, seriesOf } from './entry.ts'
import { addToHistory, parseHistory, readHistory } from './history-file.ts'

describe('history file', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarmproof-history-'))
    file = join(folder, 'deeper', 'history.jsonl')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const runIds = async (): Promise<string[]> => (await readHistory(file)).entries.map(({ runId }) => runId)

  async function addNights(count: number, keep?: number): Promise<void> {
    for (const entry of nights(Array.from({ length: count }, () => ({}))))
      await addToHistory(file, entry, keep)
  }

  it('is empty where there is none, gets a line a run, and reads back what was written', async () => {
    expect(await readHistory(file)).to.deep.equal({ entries: [], notes: [] })
    await addNights(3)
    expect((await readFile(file, 'utf8')).split('\n')).to.have.lengthOf(4)
    expect((await readHistory(file)).entries).to.deep.equal(nights([{}, {}, {}]))
  })

  it('has a run once, as it was added last', async () => {
    await addNights(2)
    await addToHistory(file, entryOf(nightRun(0), { link: 'https://example.org/again' }))
    const { entries } = await readHistory(file)
    expect(entries.map(({ runId }) => runId)).to.deep.equal(['night-0', 'night-1'])
    expect(entries[0]?.link).to.equal('https://example.org/again')
  })

  it('skips the line of a writer that was killed, says so, and goes on after it', async () => {
    await addNights(2)
    const whole = await readFile(file, 'utf8')
    for (const length of [1, 30, 400]) {
      const { entries, notes } = parseHistory(`${whole}${whole.slice(0, length)}`, 'h.jsonl')
      expect(entries).to.have.lengthOf(2)
      expect(notes).to.deep.equal(['h.jsonl, line 3: skipped, it is cut off; whoever wrote it was killed'])
    }
    await appendFile(file, '{"version":1,"runI')
    await addToHistory(file, entryOf(nightRun(7)))
    const { entries, notes } = await readHistory(file)
    expect(entries.map(({ runId }) => runId)).to.deep.equal(['night-0', 'night-1', 'night-7'])
    expect(notes).to.have.lengthOf(1)
    expect(notes[0]).to.match(/line 3: skipped, it is not JSON/)
  })

  it('leaves lines alone that it does not understand', async () => {
    await addNights(1)
    await appendFile(file, '{"version":2,"later":true}\n{"version":1}\n')
    await addToHistory(file, entryOf(nightRun(0)))
    const { entries, notes } = await readHistory(file)
    expect(entries).to.have.lengthOf(1)
    expect(notes[0]).to.match(/line 1: skipped, its version is 2, not 1/)
    expect(notes[1]).to.match(/line 2: skipped, runId/)
  })

  it('keeps as many runs of a series as it is told to, and all of the others', async () => {
    await addToHistory(file, entryOf({ ...nightRun(0), runId: 'other' }, { series: 'other' }))
    await addNights(5, 3)
    expect(await runIds()).to.deep.equal(['other', 'night-2', 'night-3', 'night-4'])
  })

  it('refuses what it cannot read', async () => {
    await writeFile(join(folder, 'deeper'), '')
    const error: unknown = await readHistory(file).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(InputError)
  })
})

describe('series of a run', () => {
  it('is what was asked for, in one order, whether or not the stack was new', () => {
    expect(seriesOf(conformantRun())).to.equal('swarmproof run three-node')
    const asked = (reproduce: string): string => seriesOf({ ...conformantRun(), reproduce })
    expect(asked('swarmproof run --shard 2/2; swarmproof run --shard 1/2')).to.equal(
      asked('swarmproof run --shard 1/2; swarmproof run --shard 2/2'),
    )
    expect(asked('swarmproof validate m1 --known-hosts /tmp/k-Xa /tmp/b --profile quick')).to.equal(
      'swarmproof validate m1 --profile quick',
    )
    expect(asked('swarmproof run --engine 20.10')).not.to.equal(asked('swarmproof run'))
    expect(asked('swarmproof run --profile full')).not.to.equal(asked('swarmproof run'))
  })

  it('holds every verdict with its lab', () => {
    const entry = entryOf(engineMatrixRun())
    expect(entry.verdicts).to.have.lengthOf(engineMatrixRun().requirements.length)
    expect(entry.verdicts).to.deep.include({
      id: 'ENC-01',
      lab: 'three-node@20.10',
      outcome: 'fail',
      durationMs: entry.verdicts.find(({ id }) => id === 'ENC-01')?.durationMs,
    })
    expect(JSON.stringify(entry).length).to.be.below(20_000)
  })
})
