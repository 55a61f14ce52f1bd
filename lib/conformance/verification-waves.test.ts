import { expect } from 'chai'
import { exampleRequirement } from './requirement.fake.ts'
import type { ConformanceTest } from './test.ts'
import { verificationWaves } from './verification-waves.ts'

const made = (id: string, given: Partial<ConformanceTest> = {}): ConformanceTest =>
  exampleRequirement({ id, ...given })

const ids = (tests: readonly ConformanceTest[]): string[][] =>
  verificationWaves(tests).map((wave) => wave.map(({ id }) => id))

describe('the waves of a verification', () => {
  const plan = [
    made('AAA-01'),
    made('AAA-02', { changes: ['service'] }),
    made('AAA-03', { changes: ['service', 'network'], quiet: ['tasks'] }),
    made('BBB-01', { quiet: ['traffic', 'tasks', 'changes'] }),
    made('BBB-02', { changes: ['network'], timeLimitMs: 400_000 }),
    made('BBB-03', { safety: 'lab' }),
    made('CCC-01', { changes: ['host'] }),
    made('AAA-04', { safety: 'lab', changes: ['node'] }),
  ]

  it('leave what changes nothing alone, then make changes side by side, then those that must have quiet', () => {
    expect(ids(plan)).to.deep.equal([
      ['AAA-01', 'BBB-01'],
      ['BBB-02', 'AAA-02'],
      ['AAA-03', 'CCC-01'],
      ['BBB-03', 'AAA-04'],
    ])
  })

  it('hold every requirement once, and no empty wave', () => {
    expect(ids([])).to.deep.equal([])
    expect(ids([made('AAA-01', { safety: 'lab' })])).to.deep.equal([['AAA-01']])
    expect(ids(plan).flat().sort()).to.deep.equal(plan.map(({ id }) => id).sort())
  })
})
