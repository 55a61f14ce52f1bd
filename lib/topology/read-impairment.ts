import type { Impairment } from './impairment.ts'
import type { YamlCursor } from './yaml-cursor.ts'

/** Keys of an impairment; of an underlay they stand beside its subnet. */
export const impairmentKeys = ['delay', 'loss', 'rate', 'reorder'] as const

interface Quantity {
  readonly what: string
  /** How many of the first unit each is. */
  readonly units: Readonly<Record<string, number>>
  /** In the first unit. */
  readonly least: number
  readonly most: number
  readonly range: string
  readonly such: string
}

const share = { what: 'a share', units: { '%': 1 }, least: 0.001, most: 50, range: '0.001% to 50%' }

/** A swarm's managers elect another leader after a few seconds, so that a second each way is beyond what forms one. */
const quantities: Readonly<Record<(typeof impairmentKeys)[number], Quantity>> = {
  delay: {
    what: 'a time',
    units: { ms: 1, us: 0.001, s: 1000 },
    ...{ least: 0.001, most: 1000, range: '1us to 1s', such: '20ms' },
  },
  loss: { ...share, such: '0.5%' },
  rate: {
    what: 'a rate',
    units: { kbit: 1, mbit: 1000, gbit: 1_000_000 },
    ...{ least: 64, most: 100_000_000, range: '64kbit to 100gbit', such: '10mbit' },
  },
  reorder: { ...share, such: '25%' },
}

/** Undefined where none of its keys is given. What is not sound is complained about, and left out. */
export function readImpairment(keys: ReadonlyMap<string, YamlCursor>): Impairment | undefined {
  if (!impairmentKeys.some((key) => keys.has(key))) return undefined
  const read = (key: (typeof impairmentKeys)[number]): number | undefined =>
    readQuantity(keys.get(key), quantities[key])
  const [delayMs, lossPercent] = [read('delay'), read('loss')]
  const [rateKbit, reorderPercent] = [read('rate'), read('reorder')]
  if (!keys.has('delay'))
    keys.get('reorder')?.complain('a packet overtakes only those that are delayed; give delay, too')
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(lossPercent === undefined ? {} : { lossPercent }),
    ...(rateKbit === undefined ? {} : { rateKbit }),
    ...(reorderPercent === undefined ? {} : { reorderPercent }),
  }
}

/** A node's own impairments, by the name of an underlay that it is on. */
export function readImpairments(
  at: YamlCursor | undefined,
  attached: Readonly<Record<string, string>>,
): Readonly<Record<string, Impairment>> | undefined {
  const entries = at?.map()
  if (entries === undefined) return undefined
  const impairments: Record<string, Impairment> = {}
  for (const [name, value] of entries) {
    const names = Object.keys(attached)
    if (!names.includes(name)) {
      value.complain(`the node has no address on an underlay '${name}'; valid: ${names.join(', ')}`)
      continue
    }
    const keys = value.record(impairmentKeys)
    // Without any key it says that this node is not impaired.
    if (keys !== undefined) impairments[name] = readImpairment(keys) ?? {}
  }
  return impairments
}

function readQuantity(at: YamlCursor | undefined, quantity: Quantity): number | undefined {
  if (at === undefined) return undefined
  const { what, units, least, most, range, such } = quantity
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,6})?)([a-z%]+)$/.exec(at.value ?? '') ?? []
  const factor = unit === undefined || !Object.hasOwn(units, unit) ? undefined : units[unit]
  if (digits === undefined || factor === undefined) {
    const [last, ...others] = Object.keys(units).reverse()
    const named = others.length === 0 ? `${last}` : `${others.reverse().join(', ')} or ${last}`
    at.complain(`must be ${what} with its unit (${named}), such as ${such}, is ${at.written}`)
    return undefined
  }
  // To the sixth digit: 0.3 ms are 300 µs, not 299.99….
  const value = Number((Number(digits) * factor).toFixed(6))
  if (value < least || value > most) {
    at.complain(`must be from ${range}, is ${at.written}`)
    return undefined
  }
  return value
}
