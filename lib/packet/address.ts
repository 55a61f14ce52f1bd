import { isIPv4, isIPv6 } from 'node:net'

const hex = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

export function macText(view: DataView, offset: number): string {
  const parts: string[] = []
  for (let index = 0; index < 6; index++) parts.push(hex[view.getUint8(offset + index)] ?? '')
  return parts.join(':')
}

export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** The canonical text of RFC 5952: lower case, the longest run of zero groups (of at least two) as `::`. */
export function ipv6Text(view: DataView, offset: number): string {
  const groups: number[] = []
  for (let index = 0; index < 16; index += 2) groups.push(view.getUint16(offset + index))
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (mapped) return `::ffff:${ipv4Text(view.getUint32(offset + 12))}`
  const [start, length] = longestZeroRun(groups)
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (length < 2) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  let start = 0
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue
    if (index - start > best[1]) best = [start, index - start]
    start = index + 1
  }
  return best
}

/** An IPv4 or IPv6 address in the notation that decoded packets use; undefined if the text is none. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  if (!isIPv6(text) || text.includes('%')) return undefined
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const groups =
    dotted === null ? text : `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}`
  const [head = '', tail] = groups.split('::')
  const before = head.split(':').filter((group) => group !== '')
  const after = (tail ?? '').split(':').filter((group) => group !== '')
  const zeros = new Array<string>(8 - before.length - after.length).fill('0')
  const view = new DataView(new ArrayBuffer(16))
  const all = tail === undefined ? before : [...before, ...zeros, ...after]
  all.forEach((group, index) => view.setUint16(2 * index, Number.parseInt(group, 16)))
  return ipv6Text(view, 0)
}

function pair(high = '0', low = '0'): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}
