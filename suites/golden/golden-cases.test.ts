import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { explainStored } from '../../lib/cli/explain-stored.ts'
import { InputError } from '../../lib/error.ts'
import { faults } from '../../lib/fault/fault-table.ts'
import { packageRoot } from '../../lib/package-root.ts'
import { readRows, rowsFile } from '../fault-rows.ts'
import { faultsPage } from '../faults-page.ts'
import {
  type GoldenCase,
  goldenCases,
  goldenFolder,
  mostGoldenBytes,
  packedGolden,
  readGolden,
  writeGolden,
} from './golden-case.ts'

describe('golden cases', function () {
  this.timeout(10_000)

  it('are there', () => {
    expect(goldenCases()).to.not.deep.equal([])
  })

  for (const name of goldenCases()) {
    it(`${name}: is judged and explained as it was`, () => {
      const { fault, run, commit, said, files } = readGolden(name)
      expect({ fault, run: run !== '', commit: commit.length }).to.deep.equal({
        fault: name,
        run: true,
        commit: 40,
      })
      const now = explainStored(files)
      expect(now).to.deep.equal(said)
      expect(now.findings.filter(({ severity }) => severity === 'cause').map(({ code }) => code)[0]).to.equal(
        declared(name),
      )
    })

    it(`${name}: is small`, () => {
      const { size } = statSync(join(goldenFolder, `${name}.json.br`))
      expect(size).to.be.at.most(mostGoldenBytes)
    })
  }
})

/** The code that must come first; of two faults that of the graver. */
function declared(name: string): string | undefined {
  const wanted = name.split('+').map((one) => faults.find((fault) => fault.name === one))
  expect(wanted).to.not.include(undefined)
  return wanted.find((fault) => fault?.namedBy !== undefined)?.namedBy?.code
}

describe('a golden case', function () {
  this.timeout(30_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-golden-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const golden: GoldenCase = {
    ...{ fault: 'made-up', run: '20261128T000000Z-0000', commit: 'a'.repeat(40) },
    ...{ said: {}, files: { 'run.json': '{"ab":[1]}' } },
  }

  it('is kept as it is', () => {
    writeGolden(golden, folder)
    expect(goldenCases(folder)).to.deep.equal(['made-up'])
    expect(readGolden('made-up', folder)).to.deep.equal(golden)
  })

  it('is kept up to 20 kB, and not one of 20 KiB', () => {
    // Compression makes little of it.
    const ofNumbers = (count: number): GoldenCase => {
      const numbers = Array.from({ length: count }, (_, index) => Math.sin(index + 1))
      return { ...golden, files: { 'run.json': JSON.stringify(numbers) } }
    }
    const [small, large] = [2990, 3110].map(ofNumbers)
    if (small === undefined || large === undefined) throw new Error('not made')
    expect(packedGolden(small).length).to.be.within(19_000, 20_000)
    expect(packedGolden(large).length).to.be.within(20_001, 20_480)
    writeGolden(small, folder)
    expect(() => writeGolden({ ...large, fault: 'larger' }, folder)).to.throw(InputError, 'at most 20000')
    expect(goldenCases(folder)).to.deep.equal(['made-up'])
  })

  it('is refused without run or commit, too large, or with what redaction takes out', () => {
    const random = Array.from({ length: 40_000 }, (_, index) => Math.sin(index + 1))
    const key = `0x${'ab'.repeat(20)}`
    const refused: readonly (readonly [Partial<GoldenCase>, RegExp])[] = [
      [{ run: '' }, /no run/],
      [{ commit: '' }, /no commit/],
      [{ files: { 'run.json': JSON.stringify(random) } }, /bytes/],
      [{ files: { 'run.json': JSON.stringify({ text: `enc cbc(aes) ${key}` }) } }, /redaction/],
      [{ files: { 'run.json': JSON.stringify({ password: 'hunter2' }) } }, /redaction/],
    ]
    for (const [part, why] of refused)
      expect(() => writeGolden({ ...golden, ...part }, folder), String(why)).to.throw(InputError, why)
    expect(goldenCases(folder)).to.deep.equal([])
  })
})

describe('docs/faults.md', () => {
  it('is what faults declare and rows say; npm run docs writes it again', () => {
    const rows = readRows(readFileSync(join(goldenFolder, rowsFile), 'utf8'), rowsFile)
    const written = readFileSync(join(packageRoot(), 'docs', 'faults.md'), 'utf8')
    expect(written === faultsPage(faults, rows), 'fresh').to.equal(true)
  })
})
