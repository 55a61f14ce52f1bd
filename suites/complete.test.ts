import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { catalog } from '../lib/diagnosis/catalog.ts'
import { faults } from '../lib/fault/fault-table.ts'
import { problemCodes, type ProblemCode } from '../lib/observation/codes.ts'
import { suites } from './index.ts'

const tests = suites.flatMap((suite) => suite.tests.map((test) => ({ suite, test })))
const ids = tests.map(({ test }) => test.id)

describe('the requirements', () => {
  it('are numbered in each group without a gap: one may be added, none is ever dropped or given again', () => {
    for (const { group, tests: own } of suites)
      expect(own.map(({ id }) => id)).to.deep.equal(
        own.map((_, index) => `${group}-${String(index + 1).padStart(2, '0')}`),
      )
  })

  it('are all that have a file', () => {
    const root = dirname(fileURLToPath(import.meta.url))
    for (const { group, tests: own } of suites) {
      const files = readdirSync(join(root, group)).filter((name) =>
        new RegExp(`^${group.toLowerCase()}-\\d\\d-(?!.*\\.test\\.ts$)`).test(name),
      )
      expect(files.map((name) => name.slice(0, group.length + 3).toUpperCase()).sort()).to.deep.equal(
        own.map(({ id }) => id),
      )
    }
  })

  it('stand each in a file of its own, named after it, in the folder of its group', () => {
    const root = dirname(fileURLToPath(import.meta.url))
    for (const { suite, test } of tests) {
      const files = readdirSync(join(root, suite.group)).filter(
        (name) => name.startsWith(`${test.id.toLowerCase()}-`) && !name.endsWith('.test.ts'),
      )
      expect(files, test.id).to.have.lengthOf(1)
    }
  })

  for (const { test } of tests) {
    it(`${test.id} says where it comes from, how it is verified, what breaks and what fixes it`, () => {
      expect(test.source, 'sources').to.not.deep.equal([])
      for (const { document, section } of test.source)
        expect(document + (section ?? '')).to.have.lengthOf.above(6)
      expect(test.requirement).to.match(/^[A-Z0-9`].*\.$/)
      expect(test.method).to.have.lengthOf.above(80)
      expect(test.usualCauses).to.not.deep.equal([])
      expect(test.remedy).to.not.deep.equal([])
    })

    it(`${test.id} has a fault that must make it fail, or says why none can`, () => {
      const planted = faults.some(({ breaks }) => breaks.includes(test.id))
      if (test.unplantable === undefined) expect(planted, 'a fault in lib/fault').to.equal(true)
      else expect(planted, 'no fault, as it says').to.equal(false)
    })
  }

  it('declare every code there is a phrase for, and none is without a requirement', () => {
    const declared = new Set(tests.flatMap(({ test }) => test.codes))
    const undeclared = Object.keys(problemCodes).filter((code) => !declared.has(code as ProblemCode))
    // The runner itself reports what all requirements of a feature rest on.
    expect(undeclared).to.deep.equal(['module-missing'])
  })

  it('are the only ones faults name', () => {
    for (const { name, breaks } of faults) {
      expect(breaks, name).to.not.deep.equal([])
      for (const id of breaks) expect(ids, name).to.include(id)
    }
    expect(new Set(faults.map(({ name }) => name)).size).to.equal(faults.length)
  })
})

describe('faults', () => {
  it('are named by findings that there are, or say why none can name them', () => {
    const codes = catalog.map(({ code }) => code)
    for (const { name, namedBy, unnamed, besides = [] } of faults) {
      for (const code of [...(namedBy === undefined ? [] : [namedBy.code]), ...besides])
        expect(codes, name).to.include(code)
      if (namedBy === undefined) expect(unnamed, name).to.have.lengthOf.above(20)
    }
  })
})
