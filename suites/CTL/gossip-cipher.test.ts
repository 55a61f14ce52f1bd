import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { notEncrypted } from './gossip-cipher.ts'

const datagram = (first: number, rest: Uint8Array) => Buffer.concat([Buffer.from([first]), rest])

describe('notEncrypted', () => {
  it('accepts what has the form memberlist gives it', () => {
    expect(notEncrypted(datagram(1, randomBytes(80)))).to.equal(undefined)
  })

  it('refuses clear datagrams, with a checksum and without', () => {
    expect(notEncrypted(datagram(12, randomBytes(80)))).to.match(/^starts with 0c/)
    expect(notEncrypted(datagram(0, randomBytes(80)))).to.match(/^starts with 00/)
    expect(notEncrypted(datagram(1, Buffer.from('node worker1 asks whether node manager lives')))).to.match(
      /readable/,
    )
    expect(notEncrypted(Buffer.from('ping'))).to.match(/4 bytes/)
  })
})
