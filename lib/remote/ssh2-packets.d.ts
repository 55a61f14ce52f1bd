/** What ssh2 has no types for; see ssh2-compression.ts. */
declare module 'ssh2/lib/protocol/zlib.js' {
  interface PacketReader {
    readonly _zlib: { _maxOutputLength: number }
    /** @throws Error where it becomes more than that */
    read: (this: PacketReader, bytes: Buffer) => Buffer
  }
  interface PacketWriter {
    cleanup: () => void
  }
  const packets: {
    readonly ZlibPacketReader: { new (): PacketReader; readonly prototype: PacketReader }
    readonly ZlibPacketWriter: { new (): PacketWriter; readonly prototype: PacketWriter }
  }
  export default packets
}
