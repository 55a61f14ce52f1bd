import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { clearForm } from './gossip-cipher.ts'

const datagram = (first: number, rest: Uint8Array) => Buffer.concat([Buffer.from([first]), rest])

describe('clearForm', () => {
  it('accepts what has the form memberlist gives it', () => {
    expect(clearForm(datagram(1, randomBytes(80)))).to.equal(undefined)
  })

  it('refuses clear datagrams, with a checksum and without', () => {
    expect(clearForm(datagram(12, randomBytes(80)))).to.equal('other-version')
    expect(clearForm(datagram(0, randomBytes(80)))).to.equal('other-version')
    expect(clearForm(datagram(1, Buffer.from('node worker1 asks whether node manager lives')))).to.equal(
      'readable-text',
    )
    expect(clearForm(Buffer.from('ping'))).to.equal('too-short')
  })
})
