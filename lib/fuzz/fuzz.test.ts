import { expect } from 'chai'
import { packageRoot } from '../package-root.ts'
import { fuzz, type FuzzReport, kinds } from './fuzz.fake.ts'
import { literalsOf, mutateText, randomOf } from './mutate.fake.ts'

/** Each is printed with what makes it again. */
function expectNothing({ findings }: FuzzReport): void {
  const told = findings.map(
    ({ kind, name, seed, what }) =>
      `${kind}, ${name}: npm run fuzz -- --only ${kind} --minutes 0 --seed ${seed}\n${what}`,
  )
  expect(told.join('\n\n')).to.equal('')
}

describe('fuzzing', () => {
  it('finds nothing in inputs that are always the same', async () => {
    const report = await fuzz({ seed: 13, goOn: (rounds) => rounds < 30 })
    expectNothing(report)
    // Of every kind, and not all of it refused.
    for (const kind of kinds) {
      const taken = Object.entries(report.taken).filter(([name]) => name.startsWith(`${kind}:`))
      expect(
        taken.reduce((sum, [, count]) => sum + count, 0),
        kind,
      ).to.be.above(0)
    }
  }).timeout(120_000)

  const seed = Math.floor(Math.random() * 2 ** 30)
  it(`finds nothing in inputs of seed ${seed}`, async () => {
    expectNothing(await fuzz({ seed, goOn: (rounds) => rounds < 20 }))
  }).timeout(120_000)

  it('makes the same input of the same seed, and others of others', () => {
    const seeds = literalsOf('lib/observe')
    const made = (from: number): string => mutateText(seeds, randomOf(from))
    expect(seeds.length, packageRoot()).to.be.above(5)
    expect(made(7)).to.equal(made(7))
    expect(new Set(Array.from({ length: 50 }, (_, index) => made(index))).size).to.be.above(40)
  })
})
