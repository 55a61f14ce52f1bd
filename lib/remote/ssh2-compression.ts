import packets from 'ssh2/lib/protocol/zlib.js'

/**
 * Lets ssh2 (1.17) compress without throwing at whoever writes to a channel, or ends it, after the connection was lost: it
 * closes what compresses before it closes the channels, and "Invalid Zlib instance" comes out of `end()`. Not closed, it
 * compresses into a socket that takes nothing more, as happens to what is not compressed, and goes with its connection.
 */
export function keepCompressingWhenLost(): void {
  packets.ZlibPacketWriter.prototype.cleanup = () => undefined
}
