import { expect } from 'chai'
import { misplacedInsertion as whenMade } from '../script.ts'
import { misplacedInsertion as whenLinted } from './misplaced-insertion.js'

describe('misplaced insertions', () => {
  it('are the same to lint and to the tag', () => {
    const characters = [
      '"',
      "'",
      '$',
      '(',
      ')',
      '#',
      '\n',
      ' ',
      '\\',
      '`',
      '<',
      '<<',
      '$(',
      '$((',
      'case ',
      'a',
      ';',
      '|',
      '=',
    ]
    let state = 11
    const next = (below: number): number =>
      (state = (state * 1103515245 + 12345) % 2147483648) && Math.floor((state / 2147483648) * below)
    const seen = new Map<string, number>()
    for (let turn = 0; turn < 20_000; turn += 1) {
      const parts = Array.from({ length: 1 + next(3) }, () =>
        Array.from({ length: next(7) }, () => characters[next(characters.length)]).join(''),
      )
      const where = whenMade(parts)
      expect(whenLinted(parts)?.where, JSON.stringify(parts)).to.equal(where)
      seen.set(where ?? 'well placed', (seen.get(where ?? 'well placed') ?? 0) + 1)
    }
    expect([...seen.keys()].sort()).to.deep.equal([
      'behind a backslash',
      'behind a dollar sign',
      'in a comment',
      'in a script with a here-document',
      'in a script with backquotes',
      'in a script with case within $( )',
      'well placed',
      'with a # right behind it',
      'within arithmetic',
      'within quotes',
    ])
  })
})
