import { expect } from 'chai'
import { readProfile } from './profile.ts'
import { selectTests } from './selection.ts'
import type { Suite } from './suite.ts'
import { exampleRequirement } from './requirement.fake.ts'
import type { ConformanceTest } from './test.ts'

const made = (id: string, requirement = 'A thing holds.', changed: Partial<ConformanceTest> = {}) =>
  exampleRequirement({
    id,
    requirement,
    source: [{ document: 'made up' }],
    safety: 'production',
    needs: [],
    method: '',
    usualCauses: [],
    remedy: [],
    ...changed,
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

  it('names of many ids those that are near, the groups, and what lists all', () => {
    const many: Suite[] = ['G1X', 'G2X', 'G3X'].map((group) => ({
      ...{ group, title: group },
      tests: Array.from({ length: 9 }, (_, index) => made(`${group}-0${index + 1}`)),
    }))
    const refused = (...only: string[]): string => {
      try {
        selectTests(many, { only })
      } catch (error) {
        return (error as Error).message
      }
      return 'nothing'
    }
    expect(refused('G1X-10')).to.equal(
      "unknown requirement 'G1X-10', did you mean G1X-01, G1X-02 or G1X-03?\n  do next:  groups: G1X, G2X, G3X; `swarmproof list requirements` lists all ids",
    )
    expect(refused('ZZZZZ')).to.equal(
      "unknown requirement 'ZZZZZ'\n  do next:  groups: G1X, G2X, G3X; `swarmproof list requirements` lists all ids",
    )
  })

  it('names an unknown id with the valid ones', () => {
    expect(() => selectTests(suites, { only: ['CCC-01'] })).to.throw(
      /unknown requirement 'CCC-01'[\s\S]*AAA-01/,
    )
    expect(() => selectTests(suites, { skip: ['CCC'] })).to.throw("unknown requirement 'CCC'")
  })

  it('refuses a selection that leaves nothing, and a broken expression', () => {
    expect(() => selectTests(suites, { only: ['AAA'], skip: ['AAA'] })).to.throw(
      'no requirement of profile standard matches',
    )
    expect(() => selectTests(suites, { grep: '(' })).to.throw("--grep '('")
  })

  describe('with profiles', () => {
    const all: Suite[] = [
      {
        group: 'AAA',
        title: 'first',
        tests: [
          made('AAA-01', '', { quick: true }),
          made('AAA-02'),
          made('AAA-03', '', { safety: 'lab' }),
          made('AAA-04', '', { slow: true }),
        ],
      },
    ]

    it('holds what each profile promises, and nothing slow', () => {
      expect(ids(selectTests(all, { profile: 'quick' }))).to.deep.equal(['AAA-01'])
      expect(ids(selectTests(all, {}))).to.deep.equal(['AAA-01', 'AAA-02'])
      expect(ids(selectTests(all, { profile: 'full' }))).to.deep.equal(['AAA-01', 'AAA-02', 'AAA-03'])
      expect(ids(selectTests(all, { profile: 'full', slow: true }))).to.have.lengthOf(4)
      expect(ids(selectTests(all, { slow: true }))).to.deep.equal(['AAA-01', 'AAA-02', 'AAA-04'])
    })

    it('leaves out on existing hosts what only hosts of our own can keep, unless it is named', () => {
      const two: Suite[] = [
        { group: 'AAA', title: '', tests: [made('AAA-01'), made('AAA-02', '', { ownHosts: true })] },
      ]
      expect(ids(selectTests(two, {}))).to.deep.equal(['AAA-01', 'AAA-02'])
      expect(ids(selectTests(two, { existing: true }))).to.deep.equal(['AAA-01'])
      expect(ids(selectTests(two, { existing: true, only: ['AAA'] }))).to.deep.equal(['AAA-01'])
      expect(ids(selectTests(two, { existing: true, only: ['AAA-02'] }))).to.deep.equal(['AAA-02'])
    })

    it('selects what --only names whatever the profile; a group does not name its slow ones', () => {
      expect(ids(selectTests(all, { profile: 'quick', only: ['AAA-03', 'AAA-04'] }))).to.deep.equal([
        'AAA-03',
        'AAA-04',
      ])
      expect(ids(selectTests(all, { profile: 'quick', only: ['AAA'] }))).to.deep.equal([
        'AAA-01',
        'AAA-02',
        'AAA-03',
      ])
      expect(ids(selectTests(all, { only: ['AAA'], slow: true }))).to.have.lengthOf(4)
    })

    it('filters within the profile by --skip and --grep', () => {
      expect(ids(selectTests(all, { profile: 'full', skip: ['AAA-01'] }))).to.deep.equal(['AAA-02', 'AAA-03'])
      expect(() => selectTests(all, { profile: 'quick', grep: 'AAA-02' })).to.throw('profile quick')
    })

    it('knows profiles in any case and lists them for an unknown one', () => {
      expect(readProfile(' Full ')).to.equal('full')
      expect(() => readProfile('fast')).to.throw(/unknown profile 'fast'[\s\S]*quick/)
    })
  })
})
