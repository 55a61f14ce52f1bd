/** What ssh2 has no types for; see ssh2-compression.ts. */
declare module 'ssh2/lib/protocol/zlib.js' {
  const packets: { readonly ZlibPacketWriter: { readonly prototype: { cleanup(): void } } }
  export default packets
}
