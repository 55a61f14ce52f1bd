import { constants, deflateSync } from 'node:zlib'
import { expect } from 'chai'
import packets from 'ssh2/lib/protocol/zlib.js'
import { compressSafely } from './ssh2-compression.ts'

describe('packets of SSH that were compressed', () => {
  const unpacked = (bytes: number): number =>
    new packets.ZlibPacketReader().read(
      deflateSync(Buffer.alloc(bytes), { finishFlush: constants.Z_SYNC_FLUSH }),
    ).length

  it('become no more than the largest packet there is', () => {
    compressSafely()
    expect(unpacked(35_000)).to.equal(35_000)
    expect(unpacked(256 * 1024)).to.equal(256 * 1024)
    expect(() => unpacked(35_000_000)).to.throw()
  })
})
