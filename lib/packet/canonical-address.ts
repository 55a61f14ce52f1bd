import { isIPv4, isIPv6 } from 'node:net'
import { ipv6Text } from './address.ts'

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
