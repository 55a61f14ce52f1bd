import { expect } from 'chai'
import { selectTests } from './selection.ts'
import type { Suite } from './suite.ts'
import { conformanceTest } from './test.ts'

const made = (id: string, requirement = 'A thing holds.') =>
  conformanceTest({
    id,
    requirement,
    source: [{ document: 'made up' }],
    safety: 'production',
    needs: [],
    method: '',
    usualCauses: [],
    remedy: [],
    run: async () => undefined,
  })

const suites: Suite[] = [
  { group: 'AAA', title: 'first', tests: [made('AAA-01'), made('AAA-02', 'Ports are open.')] },
  { group: 'BBB', title: 'second', tests: [made('BBB-01')] },
]

const ids = (selected: readonly Suite[]): string[] =>
  selected.flatMap((suite) => suite.tests.map((test) => test.id))

describe('selectTests', () => {
  it('takes ids and groups in any case and separated by commas', () => {
    expect(ids(selectTests(suites, { only: ['aaa-02,bbb'] }))).to.deep.equal(['AAA-02', 'BBB-01'])
    expect(ids(selectTests(suites, { only: ['AAA'], skip: ['AAA-01'] }))).to.deep.equal(['AAA-02'])
    expect(ids(selectTests(suites, { grep: 'ports' }))).to.deep.equal(['AAA-02'])
    expect(ids(selectTests(suites, {}))).to.have.lengthOf(3)
  })

  it('names an unknown id with the valid ones', () => {
    expect(() => selectTests(suites, { only: ['CCC-01'] })).to.throw(
      /unknown requirement 'CCC-01'[\s\S]*AAA-01/,
    )
    expect(() => selectTests(suites, { skip: ['CCC'] })).to.throw("unknown requirement 'CCC'")
  })

  it('refuses a selection that leaves nothing, and a broken expression', () => {
    expect(() => selectTests(suites, { only: ['AAA'], skip: ['AAA'] })).to.throw('no requirement matches')
    expect(() => selectTests(suites, { grep: '(' })).to.throw("--grep '('")
  })
})
