import ipaddr from 'ipaddr.js'

/** First and last address as numbers. */
interface Span {
  readonly first: number
  readonly last: number
}

/** Chance first, so that two who choose at the same time seldom choose the same; then one by one, so that none is missed. */
const attemptsByChance = 200

/**
 * A block of the wanted size that overlaps nothing in use, from the first of the ranges that has one, somewhere in it.
 * Undefined if none is free.
 *
 * @param inUse IPv4 blocks or addresses; what is neither, such as `default` or IPv6, is in nobody's way
 * @param random from 0 to below 1, as `Math.random`
 */
export function freeBlock(
  ranges: readonly string[],
  prefixLength: number,
  inUse: readonly string[],
  random: () => number = Math.random,
): string | undefined {
  const taken = inUse.flatMap((text) => spanOf(text) ?? [])
  const size = 2 ** (32 - prefixLength)
  for (const range of ranges) {
    const span = spanOf(range)
    if (span === undefined) continue
    const slots = Math.floor((span.last - span.first + 1) / size)
    const firstOf = (slot: number): number => span.first + slot * size
    const obstacleAt = (slot: number): Span | undefined =>
      taken.find((other) => other.first < firstOf(slot + 1) && other.last >= firstOf(slot))
    for (let attempt = 0; attempt < attemptsByChance; attempt += 1) {
      const slot = Math.floor(random() * slots)
      if (obstacleAt(slot) === undefined) return `${textOf(firstOf(slot))}/${prefixLength}`
    }
    for (let slot = 0; slot < slots;) {
      const obstacle = obstacleAt(slot)
      if (obstacle === undefined) return `${textOf(firstOf(slot))}/${prefixLength}`
      slot += Math.ceil((obstacle.last + 1 - firstOf(slot)) / size)
    }
  }
  return undefined
}

/** The address so many before the end of a block: 1 is the last a host can have. */
export function fromEndOf(block: string, count: number): string {
  return textOf((spanOf(block)?.last ?? 0) - count)
}

function spanOf(text: string): Span | undefined {
  const [address = '', prefix = '32'] = text.split('/')
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) || !/^\d+$/.test(prefix)) return undefined
  const size = 2 ** (32 - Math.min(32, Number(prefix)))
  const number = ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0)
  const first = Math.floor(number / size) * size
  return { first, last: first + size - 1 }
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}
