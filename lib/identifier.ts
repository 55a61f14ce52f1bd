import { isIP, isIPv4 } from 'node:net'
import { SwarmproofError } from './error.ts'

/*
 * Text of a host is nobody's word until it was looked at: what becomes a value of ours is checked where it comes in. A
 * host that is somebody else's by now may answer anything, also in place of an identifier.
 */

/** Of a node, a service, a task, a cluster or a network of scope swarm (swarmkit, identity/randomid.go: 25 digits base 36). */
export function swarmId(value: unknown, host?: string): string {
  return checked('a swarm id', /^[a-z0-9]{25}$/, value, host)
}

/** Of a container, whole or cut to twelve digits or more. */
export function containerId(value: unknown, host?: string): string {
  return checked('a container id', /^[0-9a-f]{12,64}$/, value, host)
}

/** Of a network: of scope swarm, or an engine's own; whole or cut to twelve digits or more. */
export function networkId(value: unknown, host?: string): string {
  return checked('a network id', /^(?:[a-z0-9]{12,25}|[0-9a-f]{12,64})$/, value, host)
}

/**
 * Of a network interface. Any that a kernel takes, fifteen bytes without blank, `/` and `:` (Linux, net/core/dev.c:
 * dev_valid_name), but for such as a program would take for an option, and those that nobody can print.
 */
export function interfaceName(value: unknown, host?: string): string {
  return checked('the name of an interface', /^(?!-)(?!\.{1,2}$)[!-.0-9;-~]{1,15}$/, value, host)
}

/** Without prefix length. */
export function ipv4Address(value: unknown, host?: string): string {
  return typeof value === 'string' && isIPv4(value) ? value : refuse('an IPv4 address', value, host)
}

/** IPv4 or IPv6, without prefix length and without zone. */
export function ipAddress(value: unknown, host?: string): string {
  const isAddress = typeof value === 'string' && !value.includes('%') && isIP(value) !== 0
  return isAddress ? value : refuse('an IP address', value, host)
}

/** `10.0.1.0/24`, or the like of IPv6. */
export function cidrBlock(value: unknown, host?: string): string {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(String(value)) ?? []
  const family = isIP(address.includes('%') ? '' : address)
  const fits = family !== 0 && Number(length) <= (family === 4 ? 32 : 128)
  return fits ? String(value) : refuse('a block of addresses', value, host)
}

const pathPattern = /^(?:\/[A-Za-z0-9._@+-]+)+$/

/** Of letters, digits and `._@+-`, from the root. */
export function absolutePath(value: unknown, host?: string): string {
  return checked('an absolute path', pathPattern, value, host)
}

const macPattern = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/

/** Six bytes. */
export function macAddress(value: unknown, host?: string): string {
  return checked('a MAC address', macPattern, value, host)
}

/** As `ip -j route` has it; a single address is a block, too. */
export function routeDestination(value: unknown, host?: string): string {
  if (value === 'default') return value
  const isAddress = typeof value === 'string' && !value.includes('/')
  return cidrBlock(isAddress ? `${value}/32` : value, host)
}

/** A MAC address, or the empty text for what interfaces of other kinds have in its place. */
export function macAddressOrNone(value: unknown): string {
  return typeof value === 'string' && macPattern.test(value) ? value : ''
}

/** Of an image: its name, with tag or digest, or its id (distribution, reference/regexp.go). */
export function imageReference(value: unknown, host?: string): string {
  return checked('an image reference', /^[A-Za-z0-9][\w.:/@+-]{0,511}$/, value, host)
}

/** Of a network, service or container that we gave it to, or that we are to name in a command. */
export function objectName(value: unknown, host?: string): string {
  return checked('a name of a docker object', /^[A-Za-z0-9][\w.-]{0,253}$/, value, host)
}

/** A number, or its decimal digits; 2^22 is the most a kernel takes (proc(5), pid_max). */
export function processId(value: unknown, host?: string): number {
  return numberWithin('a process id', [1, 2 ** 22], value, host)
}

/** In bytes. Loopback has 65,536. */
export function mtu(value: unknown, host?: string): number {
  return numberWithin('an MTU', [0, 2 ** 31 - 1], value, host)
}

/** A VXLAN network identifier (RFC 7348). */
export function vni(value: unknown, host?: string): number {
  return numberWithin('a VNI', [0, 2 ** 24 - 1], value, host)
}

/** Of a packet, as firewall and IPVS know it. */
export function packetMark(value: unknown, host?: string): number {
  return numberWithin('a packet mark', [0, 2 ** 32 - 1], value, host)
}

/** Of an address; 128 is the most, of IPv6. */
export function prefixLength(value: unknown, host?: string): number {
  return numberWithin('a prefix length', [0, 128], value, host)
}

/** Of TCP or UDP. */
export function portNumber(value: unknown, host?: string): number {
  return numberWithin('a port', [0, 65_535], value, host)
}

function checked(what: string, pattern: RegExp, value: unknown, host: string | undefined): string {
  return typeof value === 'string' && pattern.test(value) ? value : refuse(what, value, host)
}

function numberWithin(
  what: string,
  [least, most]: readonly [number, number],
  value: unknown,
  host: string | undefined,
): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  const fits = typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most
  return fits ? number : refuse(what, value, host)
}

function refuse(what: string, value: unknown, host: string | undefined): never {
  const seen = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  throw new SwarmproofError({
    code: 'NOT_AN_IDENTIFIER',
    what: `received something that is not ${what}`,
    ...(host === undefined ? {} : { host }),
    expected: what,
    observed: JSON.stringify(seen.slice(0, 80)),
    hint: 'no sound engine or kernel gives that: check what is installed on that host and who controls it',
  })
}
