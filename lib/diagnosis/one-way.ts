import { inWords } from './in-words.ts'
import { needed } from './lab-view.ts'
import type { Path } from '../observation/problem.ts'

/** Which end of ordered pairs accounts for all of them. */
export interface OneWayCulprits {
  /** What they send is concerned, to every other node. */
  readonly senders: readonly string[]
  /** What is sent to them is concerned, from every other node. */
  readonly receivers: readonly string[]
}

/**
 * Nodes whose pairs are all concerned, as sender or as receiver, and that account for every pair with no other needed.
 * Both lists are empty where single nodes do not, as where every pair is concerned.
 *
 * @param measured pairs of which it is known whether they are concerned
 */
export function oneWayCulprits(concerned: readonly Path[], measured: readonly Path[]): OneWayCulprits {
  const isConcerned = ({ from, to }: Path): boolean =>
    concerned.some((pair) => pair.from === from && pair.to === to)
  const nodes = [...new Set(measured.flatMap(({ from, to }) => [from, to]))]
  if (nodes.length < 3) return { senders: [], receivers: [] }
  const wholly = (end: 'from' | 'to'): string[] =>
    nodes.filter((node) => {
      const own = measured.filter((pair) => pair[end] === node)
      return own.length > 1 && own.every(isConcerned)
    })
  const [senders, receivers] = [wholly('from'), wholly('to')]
  const covered = (by: readonly string[], end: 'from' | 'to'): boolean =>
    by.length > 0 && by.length < nodes.length && concerned.every((pair) => by.includes(pair[end]))
  if (covered(senders, 'from')) return { senders, receivers: [] }
  if (covered(receivers, 'to')) return { senders: [], receivers }
  const either = senders.filter((node) => receivers.includes(node))
  const ends = (pairs: readonly Path[]) => pairs.map(({ from, to }) => [from, to] as const)
  const both = needed(either, ends(measured), ends(concerned))
  return both.length > 0 &&
    both.length < nodes.length &&
    concerned.every(({ from, to }) => both.includes(from) || both.includes(to))
    ? { senders: both, receivers: both }
    : { senders: [], receivers: [] }
}

/** For titles: `that worker2 sends`, `that worker2 is sent`, or the pairs, or how many. */
export function describeOneWay({ senders, receivers }: OneWayCulprits, pairs: readonly Path[]): string {
  if (senders.length > 0 && receivers.length > 0) return `to and from ${inWords(senders)}`
  if (senders.length > 0) return `that ${inWords(senders)} ${senders.length > 1 ? 'send' : 'sends'}`
  if (receivers.length > 0) return `that ${inWords(receivers)} should receive`
  if (pairs.length > 2) return `of ${pairs.length} ordered pairs of nodes`
  return pairs.map(({ from, to }) => `from ${from} to ${to}`).join(' and ')
}
