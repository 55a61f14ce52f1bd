import ipaddr from 'ipaddr.js'

/** An IPv4 network. */
export interface Subnet {
  readonly text: string
  readonly network: string
  readonly broadcast: string
  readonly prefixLength: number
  /** Last address a host can have. */
  readonly last: string
}

const notForHosts: ReadonlyMap<string, string> = new Map([
  ['unspecified', 'not assignable'],
  ['broadcast', 'broadcast'],
  ['multicast', 'multicast'],
  ['linkLocal', 'link-local'],
  ['loopback', 'loopback'],
])

/** The network, or what is wrong with the text. */
export function parseSubnet(text: string): Subnet | string {
  const [address, prefix, ...rest] = text.split('/')
  if (address === undefined || prefix === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) {
    return `must be an IPv4 network such as 192.168.56.0/24, is '${text}'`
  }
  if (ipaddr.IPv6.isValid(address)) return `IPv6 is not supported, is '${text}'`
  if (!isDotted(address)) return `must be an IPv4 network such as 192.168.56.0/24, is '${text}'`
  const prefixLength = Number(prefix)
  if (prefixLength < 8 || prefixLength > 29) return `prefix length must be from 8 to 29, is ${prefixLength}`
  const network = ipaddr.IPv4.networkAddressFromCIDR(text).toString()
  if (network !== address) {
    return `${text} has bits set outside its prefix; the network would be ${network}/${prefixLength}`
  }
  const range = ipaddr.IPv4.parse(address).range()
  if (notForHosts.has(range) || Number(address.split('.')[0]) >= 240) {
    return `must be a network hosts can have, ${text} is ${notForHosts.get(range) ?? 'reserved'}`
  }
  const broadcast = ipaddr.IPv4.broadcastAddressFromCIDR(text).toString()
  return { text, network, broadcast, prefixLength, last: fromNumber(toNumber(broadcast) - 1) }
}

/** What is wrong with the text as an address of a host in that network; undefined if nothing is. */
export function addressProblem(text: string, subnet: Subnet, subnetName: string): string | undefined {
  if (ipaddr.IPv6.isValid(text)) return `IPv6 is not supported, is '${text}'`
  if (text.includes('/')) return `must be an address without prefix length, is '${text}'`
  if (!isDotted(text)) return `must be an IPv4 address, is '${text}'`
  if (!contains(subnet, text)) return `${text} lies outside ${subnetName} (${subnet.text})`
  if (text === subnet.network) return `${text} is the network address of ${subnetName} (${subnet.text})`
  if (text === subnet.broadcast) return `${text} is the broadcast address of ${subnetName} (${subnet.text})`
  return undefined
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return contains(a, b.network) || contains(b, a.network)
}

/** Four decimal parts without leading zeros: other forms ipaddr.js reads mean octal or short addresses. */
function isDotted(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text)
}

function contains(subnet: Subnet, address: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parse(subnet.network), subnet.prefixLength)
}

function toNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((number, byte) => number * 256 + byte, 0)
}

function fromNumber(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}
