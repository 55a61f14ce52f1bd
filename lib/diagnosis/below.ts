import type { Link } from '../observe/host-state.ts'
import type { AskedPacket, Below } from '../observe/who-decides.ts'

/** What is below the interfaces of a packet: undefined where it is not known by which it comes in. */
export function belowOf(links: readonly Link[], packet: Pick<AskedPacket, 'in' | 'out'>): Below | undefined {
  const { in: comesIn, out } = packet
  if (typeof comesIn !== 'string') return undefined
  const leaves = typeof out === 'string' ? out : ''
  return {
    in: lowers(links, comesIn),
    out: lowers(links, leaves),
    portsIn: portsOf(links, comesIn),
    portsOut: portsOf(links, leaves),
  }
}

/** Deeper than any host has them. */
const deepest = 4

function lowers(links: readonly Link[], name: string, depth = 0): string[][] {
  const parent = parentOf(links, name)
  const below = parent === undefined ? membersOf(links, name) : [parent]
  const [only, ...others] = below
  if (only === undefined || depth === deepest) return []
  return [below, ...(others.length === 0 ? lowers(links, only, depth + 1) : [])]
}

/** In runs of before it was read, by the name that a VLAN mostly has. */
function parentOf(links: readonly Link[], name: string): string | undefined {
  const link = links.find((one) => one.name === name)
  if (link === undefined) return undefined
  const [, before] = link.kind === 'vlan' ? (/^(.+)\.\d+$/.exec(name) ?? []) : []
  return links.find((one) =>
    link.parentIndex === undefined ? one.name === before : one.index === link.parentIndex,
  )?.name
}

const membersOf = (links: readonly Link[], name: string): string[] =>
  name === '' ? [] : links.filter(({ master }) => master === name).map((one) => one.name)

function portsOf(links: readonly Link[], name: string): string[] {
  const isBridge = links.some((one) => one.name === name && one.kind === 'bridge')
  return isBridge ? membersOf(links, name) : []
}
