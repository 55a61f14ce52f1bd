import { expect } from 'chai'
import { outerBytes, overlayMtu, statedMtu } from './overlay-mtu.ts'

const clear = { encrypted: false }
const secret = { encrypted: true }

describe('overlay MTU', () => {
  it('is 50 below what is stated for the underlay', () => {
    expect(overlayMtu(statedMtu({}), clear)).to.equal(1450)
    expect(overlayMtu(statedMtu({ 'com.docker.network.driver.mtu': '9000' }), clear)).to.equal(8950)
  })

  it('leaves room for ESP, rounded down to a multiple of four', () => {
    expect(overlayMtu(1500, secret)).to.equal(1424)
    expect(overlayMtu(1400, secret)).to.equal(1324)
  })

  it('fills the wire exactly, and one byte more does not fit', () => {
    expect(outerBytes(1450, clear)).to.equal(1500)
    expect(outerBytes(1451, clear)).to.equal(1501)
    expect(outerBytes(1424, secret)).to.equal(1500)
    expect(outerBytes(1425, secret)).to.equal(1504)
  })
})
