import { expect } from 'chai'
import { canaryNonce } from './canary.ts'

const frame = Buffer.from(
  '525400000201' +
    '525400000201' +
    '88b5' +
    '73777063' +
    '00112233445566778899aabbccddeeff' +
    '00'.repeat(26),
  'hex',
)

describe('canary', () => {
  it('is told by type and magic, and gives its nonce', () => {
    expect(frame).to.have.lengthOf(60)
    expect(canaryNonce(frame)).to.equal('00112233445566778899aabbccddeeff')
    expect(canaryNonce(frame.subarray(0, 34))).to.equal('00112233445566778899aabbccddeeff')
  })

  it('is nothing else: not a shorter frame, another type, or another use of the type', () => {
    expect(canaryNonce(frame.subarray(0, 33))).to.equal(undefined)
    for (const offset of [12, 13, 14, 17]) {
      const other = Buffer.from(frame)
      other[offset] = (other[offset] ?? 0) ^ 1
      expect(canaryNonce(other), `byte ${offset}`).to.equal(undefined)
    }
  })
})
