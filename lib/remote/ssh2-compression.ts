import packets from 'ssh2/lib/protocol/zlib.js'

/** OpenSSH sends none that is larger (PACKET_MAX_SIZE), and ssh2 asks for 32 KiB at a time. */
const packetBytes = 256 * 1024

/**
 * Lets ssh2 (1.17) compress without harm from a lost connection or a hostile host.
 *
 * It closes what compresses before it closes the channels, and throws "Invalid Zlib instance" at whoever writes to one of
 * these, or ends it, after the connection was lost. Not closed, it compresses into a socket that takes nothing more, as happens
 * to what is not compressed, and goes with its connection.
 *
 * It takes whatever a packet becomes: 35 KB may be 35 MB of zeros, which no window of a channel holds back. Beyond the largest
 * packet there is, the connection ends with an error.
 */
export function compressSafely(): void {
  const { ZlibPacketReader, ZlibPacketWriter } = packets
  ZlibPacketWriter.prototype.cleanup = () => undefined
  const read = ZlibPacketReader.prototype.read
  ZlibPacketReader.prototype.read = function (bytes) {
    this._zlib._maxOutputLength = packetBytes
    return read.call(this, bytes)
  }
}
