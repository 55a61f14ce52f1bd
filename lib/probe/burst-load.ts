import { InputError } from '../error.ts'
import type { BurstLoad } from './burst.ts'

const payloadBytes = 100

/** On hosts that were made for it. */
export const labLoad: BurstLoad = { datagrams: 200, perSecond: 50, payloadBytes }

/** On existing hosts: in a second fewer than single probes are sent there at once. */
export const existingLoad: BurstLoad = { datagrams: 20, perSecond: 10, payloadBytes }

/** Of all flows together, unless more is asked for: what nine nodes send each other on three ways, and a little more. */
const mostTogetherPerSecond = 12_000

/** The same datagrams, more slowly where there are many flows. */
export function sharedLoad(load: BurstLoad, flows: number): BurstLoad {
  const share = Math.max(1, Math.floor(mostTogetherPerSecond / Math.max(1, flows)))
  return share < load.perSecond ? { ...load, perSecond: share } : load
}

const mostPerSecond = 1000
const seconds = 4

/** What `--load RATE` asks for: four seconds of it, and as many datagrams as on a lab at least. */
export function askedLoad(perSecond: number): BurstLoad {
  return { datagrams: Math.max(labLoad.datagrams, seconds * perSecond), perSecond, payloadBytes }
}

/** Datagrams a second. @throws InputError for anything but 1 to 1,000 */
export function readLoad(text: string): number {
  const rate = Number(text)
  if (/^\d{1,4}$/.test(text) && rate >= 1 && rate <= mostPerSecond) return rate
  throw new InputError({
    code: 'LOAD_OUT_OF_RANGE',
    what: `--load ${text.slice(0, 40)} is no rate of datagrams`,
    expected: `a whole number from 1 to ${mostPerSecond}, of datagrams a second for each ordered pair of nodes and network`,
  })
}
