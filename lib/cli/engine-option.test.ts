import { Command } from 'commander'
import { expect } from 'chai'
import { InputError } from '../error.ts'
import { engineOption, engineArgument } from './engine-option.ts'

describe('--engine', () => {
  it('takes a flavour or an exact version of one', () => {
    expect(['20.10', '26.1.5', '28.5.2+dfsg3'].map(engineArgument)).to.deep.equal(['20.10', '26.1', '28.5'])
  })

  it('names what is valid for anything else', () => {
    for (const text of ['27', '26', '26.10', '', 'latest', '20.1']) {
      expect(() => engineArgument(text), text)
        .to.throw(InputError, /^unknown engine '.*'\n.*20\.10, 26\.1, 28\.5/)
        .with.property('code', 'UNKNOWN_ENGINE')
    }
  })

  it('is absent unless given', () => {
    const parsed = (...words: string[]): unknown =>
      new Command().addOption(engineOption('all')).parse(words, { from: 'user' }).opts()
    expect(parsed()).to.deep.equal({})
    expect(parsed('--engine', '28.5.2')).to.deep.equal({ engine: '28.5' })
  })
})
