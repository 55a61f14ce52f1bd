const magics: readonly (readonly [hex: string, name: string])[] = [
  ['1f8b', 'gzip data'],
  ['fd377a585a00', 'xz data (unpack it first)'],
  ['28b52ffd', 'zstd data (unpack it first)'],
  ['04224d18', 'lz4 data (unpack it first)'],
  ['425a68', 'bzip2 data (unpack it first)'],
  ['504b0304', 'a zip archive (unpack it first)'],
  ['7f454c46', 'an ELF program'],
  ['89504e47', 'a PNG image'],
  ['25504446', 'a PDF document'],
  ['736e6f6f70000000', 'a Solaris snoop capture (convert it with editcap)'],
  ['54535348', 'a Visual Networks capture (convert it with editcap)'],
  ['58435000', 'a NetXRay capture (convert it with editcap)'],
  ['52545353', 'a Network Monitor capture (convert it with editcap)'],
  ['474d4255', 'a Network Monitor capture (convert it with editcap)'],
  ['a1b2cd34', 'a pcap file of a patched libpcap (convert it with editcap)'],
  ['34cdb2a1', 'a pcap file of a patched libpcap (convert it with editcap)'],
]

/** What the first bytes of a file look like, for an error message. */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return 'nothing, it is empty'
  const start = bytes.subarray(0, 64)
  const hex = Array.from(start, (value) => value.toString(16).padStart(2, '0')).join('')
  const known = magics.find(([magic]) => hex.startsWith(magic))
  if (known !== undefined) return known[1]
  const printable = start.every((value) => (value >= 32 && value < 127) || (value >= 9 && value <= 13))
  if (printable) return `text that starts ${JSON.stringify(firstLine(start))}`
  return `bytes that start 0x${hex.slice(0, 16)}`
}

function firstLine(bytes: Uint8Array): string {
  return (String.fromCharCode(...bytes).split(/[\r\n]/)[0] ?? '').slice(0, 40)
}
