import ipaddr from 'ipaddr.js'

type Range = ReturnType<typeof ipaddr.parseCIDR>

/** Whether two CIDR blocks share an address. Blocks of different families never do. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parse(one), parse(other)]
  if (a[0].kind() !== b[0].kind()) return false
  const prefix = Math.min(a[1], b[1])
  return (a[0] as ipaddr.IPv4).match(b[0], prefix)
}

/** Whether an address lies in a CIDR block. */
export function contains(block: string, address: string): boolean {
  return overlaps(block, address)
}

/** `10.91.1.7/24` → `10.91.1.0/24`. */
export function networkOf(block: string): string {
  const [address, prefix] = parse(block)
  const family = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  return `${family.networkAddressFromCIDR(`${address.toString()}/${prefix}`).toString()}/${prefix}`
}

export function prefixLengthOf(block: string): number {
  return parse(block)[1]
}

/** An address without a prefix length is a block of its own. @throws Error on what is no address */
function parse(block: string): Range {
  if (block.includes('/')) return ipaddr.parseCIDR(block)
  const address = ipaddr.parse(block)
  return [address, address.kind() === 'ipv4' ? 32 : 128] as unknown as Range
}
