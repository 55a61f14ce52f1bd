import type { Listener } from './host-state.ts'

/**
 * Reads `tcp6 00000000000000000000000000000000:1F90` lines: table and local address as /proc/net/tcp and its
 * siblings print them, 32-bit words in the host's byte order, which is little-endian wherever engines run.
 */
export function parseListeners(lines: readonly string[]): readonly Listener[] {
  return lines.flatMap((line) => {
    const match = /^(tcp|udp)6? ([0-9A-F]+):([0-9A-F]{4})$/.exec(line)
    if (!match) return []
    const words = (match[2] ?? '').match(/.{8}/g) ?? []
    return [
      {
        protocol: match[1] as Listener['protocol'],
        address: words.length === 1 ? ipv4(words[0] ?? '') : ipv6(words),
        port: Number.parseInt(match[3] ?? '', 16),
      },
    ]
  })
}

function bytes(word: string): readonly number[] {
  return (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse()
}

function ipv4(word: string): string {
  return bytes(word).join('.')
}

function ipv6(words: readonly string[]): string {
  const all = words.flatMap(bytes)
  if (all.every((byte) => byte === 0)) return '::'
  const mapped = all.slice(0, 10).every((byte) => byte === 0) && all[10] === 255 && all[11] === 255
  if (mapped) return `::ffff:${all.slice(12).join('.')}`
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((all[2 * i] ?? 0) * 256 + (all[2 * i + 1] ?? 0)).toString(16),
  )
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
