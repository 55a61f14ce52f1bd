import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Evidence } from '../conformance/verdict.ts'
import { InputError } from '../error.ts'
import { conformantRun, exampleRuns, labOf } from './fixtures/example-runs.fake.ts'
import { parseRun, readRun } from './read-run.ts'

function refusal(text: string): InputError {
  try {
    parseRun(text, 'run.json')
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('reading a stored run', () => {
  for (const [name, make] of Object.entries(exampleRuns)) {
    it(`gives back a ${name} run as it was stored`, () => {
      expect(parseRun(JSON.stringify(make()), 'run.json')).to.deep.equal(make())
    })
  }

  it('ignores keys it does not know, at any depth', () => {
    const record = { ...conformantRun(), later: true }
    Object.assign(record.requirements[0] ?? {}, { later: { a: 1 } })
    Object.assign(labOf(record).topology, { later: 1 })
    expect(parseRun(JSON.stringify(record), 'run.json')).to.deep.equal(conformantRun())
  })

  it('reads what JSON cannot say: figures that are no number, observations without data', () => {
    const record = conformantRun()
    const evidenceOf = (run: typeof record): Evidence[] =>
      (run.requirements[0]?.verdict?.evidence ?? []) as Evidence[]
    evidenceOf(record).push(
      { kind: 'measurement', name: 'none', value: Number.NaN, unit: 'ms' },
      { kind: 'observation', name: 'nothing', data: undefined },
    )
    const evidence = parseRun(JSON.stringify(record), 'run.json').requirements[0]?.verdict?.evidence.slice(-2)
    expect(evidence).to.deep.equal([
      { kind: 'measurement', name: 'none', value: Number.NaN, unit: 'ms' },
      { kind: 'observation', name: 'nothing', data: null },
    ])
  })

  it('refuses another schema version, naming file, expected and observed', () => {
    const error = refusal(JSON.stringify({ ...conformantRun(), schemaVersion: 1 }))
    expect(error.code).to.equal('RUN_SCHEMA_UNKNOWN')
    expect(error.message).to.contain('run.json').and.contain('schemaVersion 1').and.contain('schemaVersion 3')
    for (const text of ['{}', '[]', 'null', '7']) {
      expect(refusal(text).message, text).to.contain('no schemaVersion')
    }
  })

  it('tells a file that is cut off at any place', () => {
    const text = JSON.stringify(conformantRun(), null, 1)
    for (let end = 0; end < text.length - 1; end += end < 400 ? 1 : 97) {
      expect(refusal(text.slice(0, end)).code, `cut at ${end}: ${text.slice(end - 20, end)}`).to.equal(
        'RUN_TRUNCATED',
      )
    }
    expect(refusal('{"schemaVersion": 2, oops}').code).to.equal('RUN_NOT_JSON')
  })

  it('names the key of a wrong value', () => {
    const record = conformantRun()
    Object.assign(labOf(record).nodes[1] ?? {}, { role: 'queen' })
    const error = refusal(JSON.stringify(record))
    expect(error.code).to.equal('RUN_MISSHAPEN')
    expect(error.message).to.contain('labs.0.nodes.1.role')
  })

  it('reads a folder, and says what to do when there is no run in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'swarmproof-read-run-'))
    try {
      const missing = await readRun(folder).catch((error: unknown) => error)
      expect(missing).to.be.instanceOf(InputError).with.property('code', 'RUN_MISSING')
      await writeFile(join(folder, 'run.json'), JSON.stringify(conformantRun()))
      expect(await readRun(folder)).to.deep.equal(conformantRun())
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
