import { Command } from 'commander'
import { expect } from 'chai'
import { atOnceOption, type SideBySideFlags, serialOption, sideBySideWords } from './side-by-side-options.ts'

describe('options of verifying side by side', () => {
  const parse = (...words: string[]): SideBySideFlags =>
    new Command()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .addOption(serialOption())
      .addOption(atOnceOption())
      .parse(words, { from: 'user' })
      .opts()

  it('are said again as they were given', () => {
    for (const words of [[], ['--serial'], ['--at-once', '3']])
      expect(sideBySideWords(parse(...words))).to.deep.equal(words)
  })

  it('are refused where there are none such, or both', () => {
    for (const words of [
      ['--at-once', '5'],
      ['--at-once', '0'],
      ['--at-once', 'all'],
      ['--serial', '--at-once', '2'],
    ])
      expect(() => parse(...words), words.join(' ')).to.throw()
  })
})
