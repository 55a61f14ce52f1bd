import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../lib/error.ts'
import { type FaultRow, FaultRows, rowsFile } from './fault-rows.ts'

const row = (fault: string, breaks: readonly string[] = ['OVL-03']): FaultRow => ({
  ...{ fault, lab: 'three-node', breaks, description: 'It is made up.', host: 'worker2' },
  ...{ fell: breaks, problems: [], failsAnyway: [], reasons: {}, findings: [], seconds: 1 },
})

describe('rows of faults', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-rows-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const stored = (): string => readFileSync(join(folder, rowsFile), 'utf8')

  it('are stored as they fall', () => {
    const rows = new FaultRows(folder, false)
    rows.add(row('one'))
    expect(stored().split('\n')).to.have.lengthOf(2)
    rows.add(row('two'))
    expect(stored().split('\n')).to.have.lengthOf(3)
  })

  it('are gone on with, and begun again where that was not asked for', () => {
    new FaultRows(folder, false).add(row('one'))
    const again = new FaultRows(folder, true)
    expect(again.has(row('one'))).to.equal(true)
    expect(again.has(row('two'))).to.equal(false)
    expect(again.has({ ...row('one'), lab: 'two-node' })).to.equal(false)
    expect(again.has(row('one', ['OVL-04']))).to.equal(false)
    again.add({ ...row('three'), short: true })
    expect(again.has(row('three'))).to.equal(false)
    expect(again.has({ ...row('three'), short: true })).to.equal(true)
    expect(again.has({ ...row('one'), short: true })).to.equal(true)
    const fresh = new FaultRows(folder, false)
    expect(fresh.all).to.deep.equal([])
    // A command that comes to nothing takes nothing away.
    expect(stored().split('\n')).to.have.lengthOf(3)
    fresh.add(row('four'))
    expect(new FaultRows(folder, true).all.map(({ fault }) => fault)).to.deep.equal(['four'])
  })

  it('that are damaged are refused by file and line', () => {
    new FaultRows(folder, false).add(row('one'))
    for (const damaged of ['{"fault":', '7', '{"fault":"two"}']) {
      writeFileSync(join(folder, rowsFile), `${stored().split('\n')[0] ?? ''}\n${damaged}\n`)
      expect(() => new FaultRows(folder, true))
        .to.throw(InputError, 'line 2')
        .with.property('message')
        .that.contains(rowsFile)
    }
  })

  it('leave out one that was cut off by a kill, and go on behind those before it', () => {
    new FaultRows(folder, false).add(row('one'))
    appendFileSync(join(folder, rowsFile), '{"fault":"tw')
    const again = new FaultRows(folder, true)
    expect(again.all.map(({ fault }) => fault)).to.deep.equal(['one'])
    again.add(row('two'))
    expect(new FaultRows(folder, true).all.map(({ fault }) => fault)).to.deep.equal(['one', 'two'])
  })

  it('hold no key', () => {
    const token = `SWMTKN-1-${'a1'.repeat(25)}-${'b2'.repeat(12)}`
    new FaultRows(folder, false).add({ ...row('one'), problems: [`it said ${token}`] })
    expect(stored()).to.not.contain(token)
  })
})
