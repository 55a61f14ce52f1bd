import { expect } from 'chai'
import { CounterTable } from './counter-table.ts'
import { seeded } from './fixture.fake.ts'

describe('CounterTable', () => {
  it('counts as a map does', () => {
    const random = seeded(5)
    const table = new CounterTable(1 << 19)
    const map = new Map<string, number>()
    for (let round = 0; round < 50_000; round++) {
      const key = [random(40) | 0, (random(2 ** 32) & 0x8000_000f) | 0, random(9), -random(3)] as const
      table.count(...key, 10)
      map.set(key.join(), (map.get(key.join()) ?? 0) + 1)
    }
    expect(table.size).to.equal(map.size)
    for (let row = 0; row < table.size; row++) {
      const key = [0, 1, 2, 3].map((index) => table.word(row, index) | 0).join()
      expect(table.packets(row), key).to.equal(map.get(key))
      expect(table.bytes(row)).to.equal(10 * table.packets(row))
    }
  })

  it('does not take the empty table for a key of zeros', () => {
    const table = new CounterTable(1 << 19)
    expect(table.count(0, 0, 0, 0, 5)).to.equal(0)
    expect(table.size).to.equal(1)
    expect([table.packets(0), table.bytes(0)]).to.deep.equal([1, 5])
  })

  it('makes no more rows than it may, and still finds those it has', () => {
    const table = new CounterTable(16)
    for (let key = 0; key < 100; key++) table.count(key, 0, 0, 0, 1)
    expect(table.size).to.equal(16)
    expect(table.count(99, 0, 0, 0, 1)).to.equal(-1)
    expect(table.count(3, 0, 0, 0, 1)).to.equal(3)
    expect(table.packets(3)).to.equal(2)
  })
})
