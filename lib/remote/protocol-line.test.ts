import { expect } from 'chai'
import { protocolLine } from './protocol-line.ts'

describe('a line of a protocol', () => {
  it('is its words', () => {
    expect(protocolLine('tcp', 1, '10.0.0.1', '')).to.equal('tcp 1 10.0.0.1 ')
  })

  it('holds no word that would be more than one, or another line', () => {
    for (const word of ['a b', 'a\nstop', '\r', '\t', 'é', '\0'])
      expect(() => protocolLine('tcp', word), JSON.stringify(word)).to.throw(RangeError)
  })
})
