import { expect } from 'chai'
import { outerBytes, overlayMtu, statedMtu } from './overlay-mtu.ts'

const clear = { encrypted: false }
const secret = { encrypted: true }

describe('overlay MTU', () => {
  it('is 50 below what is stated for the underlay', () => {
    expect(overlayMtu(statedMtu({}), clear, '26.1.5')).to.equal(1450)
    expect(overlayMtu(statedMtu({ 'com.docker.network.driver.mtu': '9000' }), clear, '26.1.5')).to.equal(8950)
  })

  it('leaves room for ESP, rounded down to a multiple of four', () => {
    expect(overlayMtu(1500, secret, '26.1.5+dfsg1')).to.equal(1424)
    expect(overlayMtu(1400, secret, '28.5.2')).to.equal(1324)
  })

  it('left no room for ESP up to 20.10', () => {
    expect(overlayMtu(1500, secret, '20.10.24')).to.equal(1450)
  })

  it('fills the wire exactly, and one byte more does not fit', () => {
    expect(outerBytes(1450, clear)).to.equal(1500)
    expect(outerBytes(1451, clear)).to.equal(1501)
    expect(outerBytes(1424, secret)).to.equal(1500)
    expect(outerBytes(1425, secret)).to.equal(1504)
  })

  it('of 20.10 with encryption exceeds the wire', () => {
    expect(outerBytes(overlayMtu(1500, secret, '20.10.24'), secret)).to.equal(1528)
  })
})
