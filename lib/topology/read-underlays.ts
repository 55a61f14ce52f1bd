import { impairmentKeys, readImpairment } from './read-impairment.ts'
import { overlap, parseSubnet } from './subnet.ts'
import type { Subnet } from './subnet.ts'
import type { UnderlaySpec } from './topology.ts'
import type { YamlCursor } from './yaml-cursor.ts'

/** Between a lab's machines and the machine that drives them; not for labs to use. */
const managementNetwork = '172.31.250.0/24'
/** Swarm gives its ingress network this one unless told otherwise. */
const ingressNetwork = '10.0.0.0/24'

const namePattern = /^[a-z][a-z0-9-]{0,30}$/
const mostUnderlays = 16

export interface ReadUnderlay {
  readonly spec: UnderlaySpec
  /** Undefined if what was written is none; that was complained about. */
  readonly subnet: Subnet | undefined
  readonly subnetAt: YamlCursor | undefined
  readonly mtuAt: YamlCursor
}

export function readUnderlays(at: YamlCursor): readonly ReadUnderlay[] | undefined {
  const entries = at.map()
  if (entries === undefined) return undefined
  if (entries.size === 0) at.complain('at least one underlay network is needed')
  if (entries.size > mostUnderlays)
    at.complain(`at most ${mostUnderlays} underlay networks, are ${entries.size}`)
  const underlays: ReadUnderlay[] = []
  for (const [name, value] of [...entries].slice(0, mostUnderlays)) {
    checkName(name, value)
    const keys = value.record(['subnet', 'mtuBytes', ...impairmentKeys])
    if (keys === undefined) continue
    const [subnetAt, mtuAt] = [keys.get('subnet'), keys.get('mtuBytes')]
    const subnet = readSubnet(subnetAt, value, underlays)
    const mtuBytes = mtuAt?.integer(576, 9216) ?? 1500
    const impairment = readImpairment(keys)
    const spec = {
      ...{ name, subnet: subnet?.text ?? '', mtuBytes },
      ...(impairment === undefined ? {} : { impairment }),
    }
    underlays.push({ spec, subnet, subnetAt, mtuAt: mtuAt ?? value })
  }
  return underlays
}

function readSubnet(
  at: YamlCursor | undefined,
  parent: YamlCursor,
  others: readonly ReadUnderlay[],
): Subnet | undefined {
  if (at === undefined) {
    parent.complain('subnet is missing, such as 192.168.56.0/24')
    return undefined
  }
  return readFreeSubnet(at, takenBy(others))
}

/** `at` is where it is written, if it is. */
export type TakenSubnets = readonly {
  readonly what: string
  readonly subnet: Subnet
  readonly at?: YamlCursor
}[]

/** Networks another one must not overlap. */
export function takenBy(underlays: readonly ReadUnderlay[]): TakenSubnets {
  const own = underlays.flatMap(({ spec, subnet, subnetAt: at }) =>
    subnet === undefined || at === undefined ? [] : [{ what: `underlay '${spec.name}'`, subnet, at }],
  )
  const reserved = [
    { what: 'the management network of labs', subnet: parseSubnet(managementNetwork) },
    { what: "swarm's ingress network", subnet: parseSubnet(ingressNetwork) },
  ]
  return [
    ...own,
    ...reserved.flatMap(({ what, subnet }) => (typeof subnet === 'string' ? [] : [{ what, subnet }])),
  ]
}

/** A network that is sound and free; what is not is complained about. */
export function readFreeSubnet(at: YamlCursor, taken: TakenSubnets): Subnet | undefined {
  const text = at.text()
  if (text === undefined) return undefined
  const subnet = parseSubnet(text)
  if (typeof subnet === 'string') {
    at.complain(subnet)
    return undefined
  }
  const other = taken.find((one) => overlap(one.subnet, subnet))
  if (other !== undefined) at.complain(`${text} overlaps ${other.what} (${other.subnet.text})`)
  return subnet
}

/** Of an underlay, a node, a network: it becomes a word of commands and a part of paths. */
export function checkName(name: string, at: YamlCursor): void {
  if (namePattern.test(name)) return
  at.complain(
    `'${name}' is not a valid name: a lower-case letter, then up to 30 lower-case letters, digits or hyphens`,
  )
}
