import type { ReadNode } from './read-hosts.ts'
import {
  largestMtuOption,
  readAddressPoolsKey,
  readGatewayBridge,
  readIngressKey,
  smallestMtuOption,
} from './read-swarm-networks.ts'
import type { ReadUnderlay, TakenSubnets } from './read-underlays.ts'
import { readFreeSubnet, takenBy } from './read-underlays.ts'
import { prefixFor, usualPrefixLength } from './room-for-nodes.ts'
import { addressProblem, overlap, parseSubnet } from './subnet.ts'
import type { OverlaySpec, StackSpec, SwarmSpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'
import { defaultDataPathPort, gatewayBridgeName, gossipPort, managementPort } from './swarm-defaults.ts'

const defaultPublishedPort = 8080
/** The stack publishes this many ports after `publishedPort`, see `lib/swarm/stack.ts`. */
const morePublishedPorts = 3
/** Wider ones where a usual one has no room for so many nodes. */
const usualSubnets = { clear: '10.91.1.0/24', secret: '10.91.2.0/24' }
const widerSubnets = { clear: '10.91.16.0/20', secret: '10.91.32.0/20' }

/** VXLAN costs 50 bytes, ESP as Moby uses it up to 26 more; 576 is what every IPv4 host must take (RFC 791). */
const encryptedOverheadBytes = 76
const smallestInnerBytes = 576

const usedPorts: Readonly<Record<number, string>> = {
  22: 'SSH',
  [managementPort]: 'swarm management',
  [gossipPort]: 'swarm gossip',
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
  const keys = at?.record([
    ...['advertise', 'dataPath', 'dataPathPort'],
    ...['addressPools', 'ingress', 'gatewayBridge'],
  ])
  const first = underlays[0]?.spec.name ?? ''
  const names = underlays.map(({ spec }) => spec.name)
  const advertise = underlayName(keys?.get('advertise'), names) ?? first
  const dataPath = underlayName(keys?.get('dataPath'), names) ?? first
  checkAttached(nodes, advertise, 'whose addresses the swarm advertises')
  if (dataPath !== advertise) checkAttached(nodes, dataPath, 'which is the data path of the swarm')
  checkRoomForVxlan(underlays.find(({ spec }) => spec.name === dataPath))
  const portAt = keys?.get('dataPathPort')
  const dataPathPort = portAt?.integer(1024, 49_151) ?? defaultDataPathPort
  if (dataPathPort === gossipPort)
    portAt?.complain(`${gossipPort} is used by swarm gossip; the usual port is ${defaultDataPathPort}`)
  const taken = takenBy(underlays)
  const addressPools = readAddressPoolsKey(keys?.get('addressPools'), taken)
  const ingress = readIngressKey(keys?.get('ingress'), taken)
  const gatewayBridge = readGatewayBridge(keys?.get('gatewayBridge'), taken)
  const spec = {
    ...{ advertise, dataPath, dataPathPort },
    ...(addressPools === undefined ? {} : { addressPools }),
    ...(ingress === undefined ? {} : { ingress }),
    ...(gatewayBridge === undefined ? {} : { gatewayBridge }),
  }
  return { spec, portAt }
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

export function readStackKey(
  at: YamlCursor | undefined,
  underlays: readonly ReadUnderlay[],
  swarm: ReadSwarm | undefined,
  nodes: number,
): StackSpec {
  const defaults = prefixFor(nodes) === usualPrefixLength ? usualSubnets : widerSubnets
  const keys = at?.record(['clear', 'secret', 'publishedPort'])
  const taken = [...takenBy(underlays), ...ofSwarm(swarm?.spec)]
  const clearAt = keys?.get('clear')
  const clear = readOverlay('clear', clearAt, at, { taken, fallback: defaults.clear })
  const clearSubnet = parseSubnet(clear.subnet)
  const ofClear =
    typeof clearSubnet === 'string'
      ? []
      : [{ what: "overlay 'clear'", subnet: clearSubnet, ...(clearAt === undefined ? {} : { at: clearAt }) }]
  const secret = readOverlay('secret', keys?.get('secret'), at, {
    taken: [...taken, ...ofClear],
    fallback: defaults.secret,
  })
  const portAt = keys?.get('publishedPort')
  const publishedPort = portAt?.integer(1, 65_535 - morePublishedPorts) ?? defaultPublishedPort
  for (let port = publishedPort; port <= publishedPort + morePublishedPorts; port++) {
    const user = usedPorts[port] ?? (port === swarm?.spec.dataPathPort ? 'the data path' : undefined)
    if (user === undefined) continue
    const which =
      port === publishedPort ? '' : `, and ports up to ${publishedPort + morePublishedPorts} are published`
    if (portAt !== undefined) portAt.complain(`${port} is used by ${user}${which}`)
    else swarm?.portAt?.complain(`${port} is published by the stack by default`)
  }
  return { clear, secret, publishedPort }
}

/** What the swarm makes networks of. */
function ofSwarm(swarm: SwarmSpec | undefined): TakenSubnets {
  const named = [
    ...(swarm?.addressPools?.pools.map((text) => ['an address pool', text] as const) ?? []),
    ...(swarm?.ingress === undefined ? [] : [['ingress', swarm.ingress.subnet] as const]),
    ...(swarm?.gatewayBridge === undefined ? [] : [[gatewayBridgeName, swarm.gatewayBridge.subnet] as const]),
  ]
  return named.flatMap(([what, text]) => {
    const subnet = parseSubnet(text)
    return typeof subnet === 'string' ? [] : [{ what, subnet }]
  })
}

/** What is not given is taken from the defaults, which must not collide either. */
function readOverlay(
  name: 'clear' | 'secret',
  at: YamlCursor | undefined,
  stackAt: YamlCursor | undefined,
  { taken, fallback: text }: { readonly taken: TakenSubnets; readonly fallback: string },
): OverlaySpec {
  const keys = at?.record(['subnet', 'gateway', 'mtuBytes'])
  const [subnetGiven, gatewayAt] = [keys?.get('subnet'), keys?.get('gateway')]
  const fallback = parseSubnet(text)
  if (typeof fallback === 'string') throw new Error(fallback)
  const subnet = subnetGiven === undefined ? fallback : readFreeSubnet(subnetGiven, taken)
  if (subnetGiven === undefined) complainAboutDefault([name, text], stackAt, taken)
  if (subnet === undefined) return { subnet: '', gateway: '' }
  if (subnet.prefixLength < 16 || subnet.prefixLength > 27) {
    subnetGiven?.complain(`prefix length must be from 16 to 27, is ${subnet.prefixLength}`)
  }
  const gateway = gatewayAt?.text() ?? subnet.last
  const problem = gatewayAt === undefined ? undefined : addressProblem(gateway, subnet, `overlay '${name}'`)
  if (problem !== undefined) gatewayAt?.complain(problem)
  const mtuBytes = keys?.get('mtuBytes')?.integer(smallestMtuOption, largestMtuOption)
  return { subnet: subnet.text, gateway, ...(mtuBytes === undefined ? {} : { mtuBytes }) }
}

function complainAboutDefault(
  [name, text]: readonly ['clear' | 'secret', string],
  stackAt: YamlCursor | undefined,
  taken: TakenSubnets,
): void {
  const subnet = parseSubnet(text)
  const other = taken.find((one) => typeof subnet !== 'string' && overlap(one.subnet, subnet))
  const at = other?.at ?? stackAt
  if (other === undefined || at === undefined) return
  at.complain(
    `${other.subnet.text} overlaps ${text}, the default of stack.${name}.subnet; give one of the two another`,
  )
}
