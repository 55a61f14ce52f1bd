import { expect } from 'chai'
import { EspSequences, SequenceMemory } from './esp-sequences.ts'
import type { SequenceTally } from './esp-sequences.ts'
import { seeded } from './fixture.fake.ts'

function seen(...numbers: number[]): SequenceTally {
  const sequences = new EspSequences(new SequenceMemory())
  for (const number of numbers) sequences.add(number)
  return sequences.tally()
}

describe('EspSequences', () => {
  it('counts what is missing and what came again', () => {
    expect(seen(1, 2, 3)).to.include({ lowest: 1, highest: 3, missing: 0, duplicates: 0 })
    expect(seen(1, 2, 5, 5, 2)).to.include({ lowest: 1, highest: 5, missing: 2, duplicates: 2 })
    expect(seen(7)).to.include({ lowest: 7, highest: 7, missing: 0, duplicates: 0 })
  })

  it('counts again after a tally, and runs that overlap', () => {
    const sequences = new EspSequences(new SequenceMemory())
    for (let number = 1; number <= 5000; number++) sequences.add(number)
    expect(sequences.tally()).to.include({ lowest: 1, highest: 5000, missing: 0, duplicates: 0 })
    for (let number = 4000; number <= 6000; number++) sequences.add(number)
    sequences.add(6002)
    expect(sequences.tally()).to.include({ lowest: 1, highest: 6002, missing: 1, duplicates: 1001 })
    expect(new EspSequences(new SequenceMemory()).tally()).to.include({ missing: 0, duplicates: 0 })
  })

  it('takes late packets for late, not for missing or repeated', () => {
    expect(seen(1, 2, 4, 5, 3, 6)).to.include({ lowest: 1, highest: 6, missing: 0, duplicates: 0 })
    expect(seen(10, 9, 8)).to.include({ lowest: 8, highest: 10, missing: 0, duplicates: 0 })
  })

  it('is exact on any order, across pages, up to the largest number', () => {
    const random = seeded(4)
    const numbers = Array.from({ length: 20_000 }, (_, index) => 0xffff_ffff - index)
    for (let index = numbers.length - 1; index > 0; index--) {
      const other = random(index + 1)
      ;[numbers[index], numbers[other]] = [numbers[other] ?? 0, numbers[index] ?? 0]
    }
    const sequences = seen(...numbers, 0xffff_ffff)
    expect(sequences).to.include({ highest: 0xffff_ffff, missing: 0, duplicates: 1 })
    expect(sequences.lowest).to.equal(0xffff_ffff - 19_999)
  })

  it('keeps its memory bounded, and goes on counting when it is used up', () => {
    const sequences = new EspSequences(new SequenceMemory(1024))
    for (let number = 0; number < 1_000_000; number += 5000) sequences.add(number)
    sequences.add(0)
    expect(sequences.tally().duplicates).to.equal(1)
    expect(sequences.tally().missing).to.equal(995_001 - 200)
  })

  it('gives the memory of whole pages back', () => {
    const sequences = new EspSequences(new SequenceMemory(512))
    for (let number = 0; number < 50_000; number++) sequences.add(number)
    sequences.add(7)
    sequences.add(49_999)
    expect(sequences.tally()).to.include({ missing: 0, duplicates: 2 })
  })
})
