import ipaddr from 'ipaddr.js'
import { SwarmproofError } from '../error.ts'

/** A message of rtnetlink: what stands before its attributes (`ifinfomsg` and the like), and those of them that are wanted. */
export interface NetlinkMessage {
  readonly head: Buffer
  readonly attributes: NetlinkAttributes
}

/** By number. */
export type NetlinkAttributes = ReadonlyMap<number, Buffer>

/** Lengths in bytes of `ifinfomsg`, `ifaddrmsg`, `ndmsg` and `rtmsg`. */
const headLengths = { links: 16, addresses: 8, neighbours: 12, routes: 12, fdb: 12 } as const

export type NetlinkKind = keyof typeof headLengths

export type NetlinkMessages = Readonly<Record<NetlinkKind, readonly NetlinkMessage[]>>

/**
 * Reads lines `KIND BASE64` as `observe.pl` prints them: messages of one namespace, each with its length (u32,
 * itself included) before it and without the header of netlink; zeroes at the end fill up base 64. Processors that have
 * the program are little-endian.
 * @throws SwarmproofError `NETLINK_MALFORMED` where a length leads outside: what a host says is not trusted
 */
export function readNetlink(lines: readonly string[], host?: string): NetlinkMessages {
  const of = (kind: NetlinkKind): NetlinkMessage[] => readNetlinkOf(kind, lines, host)
  return {
    links: of('links'),
    addresses: of('addresses'),
    neighbours: of('neighbours'),
    routes: of('routes'),
    fdb: of('fdb'),
  }
}

/** Messages of one kind. @throws SwarmproofError as `readNetlink` */
export function readNetlinkOf(kind: NetlinkKind, lines: readonly string[], host?: string): NetlinkMessage[] {
  const line = lines.find((one) => one.startsWith(`${kind} `)) ?? ''
  return readMessages(Buffer.from(line.slice(kind.length + 1), 'base64'), headLengths[kind], host)
}

/** More would take gigabytes here; no namespace has so many of anything. */
const mostMessages = 200_000

function readMessages(bytes: Buffer, headLength: number, host?: string): NetlinkMessage[] {
  const found: NetlinkMessage[] = []
  for (let at = 0; bytes.length - at >= 4;) {
    const length = bytes.readUInt32LE(at)
    if (length < 4 + headLength || at + length > bytes.length) throw malformed(host)
    if (found.length === mostMessages) throw malformed(host, `more than ${mostMessages} of them`)
    const attributes = at + 4 + headLength
    found.push({
      head: bytes.subarray(at + 4, attributes),
      attributes: readAttributes(bytes.subarray(attributes, at + length), host),
    })
    at += length
  }
  return found
}

/** Also of an attribute that holds others. */
export function readAttributes(bytes: Buffer, host?: string): NetlinkAttributes {
  const found = new Map<number, Buffer>()
  for (let at = 0; bytes.length - at >= 4;) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) throw malformed(host)
    // The two highest bits say that it holds others, or is in network order.
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length))
    at += (length + 3) & ~3
  }
  return found
}

/** Up to its first zero. */
export function textOf(value: Buffer | undefined): string | undefined {
  return value?.toString('latin1').replace(/\0.*$/s, '')
}

/** A number of one to four bytes. */
export function numberOf(value: Buffer | undefined): number | undefined {
  return value === undefined || value.length === 0
    ? undefined
    : value.readUIntLE(0, Math.min(value.length, 4))
}

/** An address of IPv4 or IPv6 as `ip` prints it; undefined for what has another length. */
export function protocolAddressOf(value: Buffer | undefined): string | undefined {
  if (value?.length !== 4 && value?.length !== 16) return undefined
  const address = ipaddr.fromByteArray([...value])
  if (address instanceof ipaddr.IPv4) return address.toString()
  return address.isIPv4MappedAddress()
    ? `::ffff:${address.toIPv4Address().toString()}`
    : address.toRFC5952String()
}

/** An address of layer 2, as `ip` prints it. */
export function hardwareAddressOf(value: Buffer | undefined): string | undefined {
  return value?.toString('hex').replaceAll(/..(?!$)/g, '$&:')
}

/** Names of interfaces by index, as `ip` gives them: one that is in no message is `if7`. */
export function interfaceNames(links: readonly NetlinkMessage[]): (index: number) => string {
  const names = new Map(links.map(({ head, attributes }) => [head.readInt32LE(4), textOf(attributes.get(3))]))
  return (index) => names.get(index) ?? `if${index}`
}

function malformed(
  host: string | undefined,
  observed = 'a length that leads outside of them',
): SwarmproofError {
  return new SwarmproofError({
    code: 'NETLINK_MALFORMED',
    what: 'what the kernel listed could not be read',
    ...(host === undefined ? {} : { host }),
    expected: 'messages of rtnetlink',
    observed,
    hint: 'run the command again; if it repeats, the output of the host is changed on its way',
  })
}
