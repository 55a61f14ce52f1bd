import type { ReadNode, ReadUnderlay, Taken } from './read-hosts.ts'
import { readFreeSubnet, takenBy } from './read-hosts.ts'
import { addressProblem, overlap, parseSubnet } from './subnet.ts'
import type { OverlaySpec, StackSpec, SwarmSpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'

const defaultDataPathPort = 4789
const defaultPublishedPort = 8080
const defaultSubnets = { clear: '10.91.1.0/24', secret: '10.91.2.0/24' }

/** VXLAN costs 50 bytes, ESP as Moby uses it up to 26 more; 576 is what every IPv4 host must take (RFC 791). */
const encryptedOverheadBytes = 76
const smallestInnerBytes = 576

const usedPorts: Readonly<Record<number, string>> = {
  22: 'SSH',
  2377: 'swarm management',
  7946: 'swarm gossip',
}

export interface ReadSwarm {
  readonly spec: SwarmSpec
  /** Where its data-path port is written, if it is. */
  readonly portAt: YamlCursor | undefined
}

export function readSwarm(
  at: YamlCursor | undefined,
  underlays: readonly ReadUnderlay[],
  nodes: readonly ReadNode[],
): ReadSwarm {
  const keys = at?.record(['advertise', 'dataPath', 'dataPathPort'])
  const first = underlays[0]?.spec.name ?? ''
  const names = underlays.map(({ spec }) => spec.name)
  const advertise = underlayName(keys?.get('advertise'), names) ?? first
  const dataPath = underlayName(keys?.get('dataPath'), names) ?? first
  checkAttached(nodes, advertise, 'whose addresses the swarm advertises')
  if (dataPath !== advertise) checkAttached(nodes, dataPath, 'which is the data path of the swarm')
  checkRoomForVxlan(underlays.find(({ spec }) => spec.name === dataPath))
  const portAt = keys?.get('dataPathPort')
  const dataPathPort = portAt?.integer(1024, 49_151) ?? defaultDataPathPort
  if (dataPathPort === 7946) portAt?.complain('7946 is used by swarm gossip; the usual port is 4789')
  return { spec: { advertise, dataPath, dataPathPort }, portAt }
}

function underlayName(at: YamlCursor | undefined, names: readonly string[]): string | undefined {
  const name = at?.text()
  if (name === undefined || names.includes(name)) return name
  at?.complain(`unknown underlay '${name}'; valid: ${names.join(', ')}`)
  return undefined
}

function checkAttached(nodes: readonly ReadNode[], underlay: string, why: string): void {
  for (const { spec, at } of nodes) {
    if (Object.keys(spec.addresses).length > 0 && spec.addresses[underlay] === undefined) {
      at.complain(`no address on underlay '${underlay}', ${why}`)
    }
  }
}

function checkRoomForVxlan(underlay: ReadUnderlay | undefined): void {
  const needed = smallestInnerBytes + encryptedOverheadBytes
  if (underlay === undefined || underlay.spec.mtuBytes >= needed) return
  underlay.mtuAt.complain(
    `${underlay.spec.mtuBytes} leaves no room for encrypted VXLAN; the data path needs at least ${needed}`,
  )
}

export function readStack(
  at: YamlCursor | undefined,
  underlays: readonly ReadUnderlay[],
  swarm: ReadSwarm | undefined,
): StackSpec {
  const keys = at?.record(['clear', 'secret', 'publishedPort'])
  const taken = takenBy(underlays)
  const clearAt = keys?.get('clear')
  const clear = readOverlay('clear', clearAt, at, taken)
  const clearSubnet = parseSubnet(clear.subnet)
  const ofClear =
    typeof clearSubnet === 'string'
      ? []
      : [{ what: "overlay 'clear'", subnet: clearSubnet, ...(clearAt === undefined ? {} : { at: clearAt }) }]
  const secret = readOverlay('secret', keys?.get('secret'), at, [...taken, ...ofClear])
  const portAt = keys?.get('publishedPort')
  const publishedPort = portAt?.integer(1, 65_535) ?? defaultPublishedPort
  const isDataPath = publishedPort === swarm?.spec.dataPathPort
  const user = usedPorts[publishedPort] ?? (isDataPath ? 'the data path' : undefined)
  if (user !== undefined && portAt !== undefined) portAt.complain(`${publishedPort} is used by ${user}`)
  else if (user !== undefined) swarm?.portAt?.complain(`${publishedPort} is stack.publishedPort's default`)
  return { clear, secret, publishedPort }
}

/** What is not given is taken from the defaults, which must not collide either. */
function readOverlay(
  name: 'clear' | 'secret',
  at: YamlCursor | undefined,
  stackAt: YamlCursor | undefined,
  taken: Taken,
): OverlaySpec {
  const keys = at?.record(['subnet', 'gateway'])
  const [subnetGiven, gatewayAt] = [keys?.get('subnet'), keys?.get('gateway')]
  const fallback = parseSubnet(defaultSubnets[name])
  if (typeof fallback === 'string') throw new Error(fallback)
  const subnet = subnetGiven === undefined ? fallback : readFreeSubnet(subnetGiven, taken)
  if (subnetGiven === undefined) complainAboutDefault(name, stackAt, taken)
  if (subnet === undefined) return { subnet: '', gateway: '' }
  if (subnet.prefixLength < 16 || subnet.prefixLength > 27) {
    subnetGiven?.complain(`prefix length must be from 16 to 27, is ${subnet.prefixLength}`)
  }
  const gateway = gatewayAt?.text() ?? subnet.last
  const problem = gatewayAt === undefined ? undefined : addressProblem(gateway, subnet, `overlay '${name}'`)
  if (problem !== undefined) gatewayAt?.complain(problem)
  return { subnet: subnet.text, gateway }
}

function complainAboutDefault(name: 'clear' | 'secret', stackAt: YamlCursor | undefined, taken: Taken): void {
  const text = defaultSubnets[name]
  const subnet = parseSubnet(text)
  const other = taken.find((one) => typeof subnet !== 'string' && overlap(one.subnet, subnet))
  const at = other?.at ?? stackAt
  if (other === undefined || at === undefined) return
  at.complain(
    `${other.subnet.text} overlaps ${text}, the default of stack.${name}.subnet; give one of the two another`,
  )
}
