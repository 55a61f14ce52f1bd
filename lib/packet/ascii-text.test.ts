import { expect } from 'chai'
import { AsciiText, asciiOf } from './ascii-text.ts'

describe('AsciiText', () => {
  it('writes numbers as JavaScript does', () => {
    const numbers = [0, 1, 9, 10, 99, 100, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 1e15, 123_456_789_012]
    for (let power = 1; power < 1e15; power *= 10) numbers.push(power - 1, power, power + 1)
    const text = new AsciiText()
    for (const number of numbers) {
      text.put(asciiOf(','))
      text.putNumber(number)
    }
    expect(text.take()).to.equal(numbers.map((number) => `,${number}`).join(''))
    expect(text.take()).to.equal('')
  })

  it('is full before there is no room', () => {
    const text = new AsciiText()
    const piece = asciiOf('x'.repeat(1000))
    let pieces = 0
    for (; !text.isFull; pieces++) text.put(piece)
    expect(text.take()).to.have.lengthOf(1000 * pieces)
    expect(text.isFull).to.equal(false)
  })
})
