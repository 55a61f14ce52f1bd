import { randomInt } from 'node:crypto'
import { type ClusterFacts, type NodeFacts, type PairSample, pairsOf } from './facts.ts'

/** Ordered pairs of nodes that are all tried; of more a sample is. */
export const mostPairs = 400
/** Partners that every node of a sample sends to, and that send to it, at least. */
const leastPartners = 2
/** Up to so many ordered pairs of nodes each task of the one is paired with each of the other; of more one is each time. */
const mostPairsOfEveryTask = 90

/** A seed, or all pairs, however many these are. */
export type PairChoice = number | 'all'

/**
 * The sample for so many nodes; undefined where all pairs are taken. Nodes stand in a circle, shuffled by the seed, and
 * each sends to those that stand some steps on, the same steps for all, one step among them: so every node is reached
 * from every other over pairs of the sample. Nodes that take tasks have their own circle, for only tasks send on overlays.
 */
export function pairSample(
  nodes: readonly Pick<NodeFacts, 'name' | 'takesTasks'>[],
  choice: PairChoice,
): PairSample | undefined {
  const of = nodes.length * (nodes.length - 1)
  if (choice === 'all' || of <= mostPairs) return undefined
  const names = nodes.map(({ name }) => name)
  const takers = new Set(nodes.filter(({ takesTasks }) => takesTasks).map(({ name }) => name))
  const others = circle(names, choice).map(
    ([from, to]) => [from, takers.has(from) ? to.filter((name) => !takers.has(name)) : to] as const,
  )
  const between = new Map(circle([...takers], choice))
  const partners = others.map(([from, to]) => [from, [...(between.get(from) ?? []), ...to]] as const)
  return {
    ...{ seed: choice, of },
    taken: partners.reduce((sum, [, to]) => sum + to.length, 0),
    partners: Object.fromEntries(partners),
  }
}

function circle(names: readonly string[], seed: number): (readonly [string, readonly string[]])[] {
  const random = mulberry32(seed)
  const order = shuffled(names.toSorted(), random)
  const count = Math.min(names.length - 1, Math.max(leastPartners, Math.floor(mostPairs / names.length)))
  const further = Array.from({ length: Math.max(0, names.length - 2) }, (_, index) => index + 2)
  const steps = [1, ...shuffled(further, random)].slice(0, Math.max(0, count))
  return order.map((name, index) => [
    name,
    steps.flatMap((step) => order[(index + step) % order.length] ?? []),
  ])
}

function shuffled<T>(entries: readonly T[], random: () => number): T[] {
  const left = [...entries]
  return entries.flatMap(() => left.splice(Math.floor(random() * left.length), 1))
}

/** Numbers from 0 up to 1, the same for the same seed (Tommy Ettinger, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** For a run that names none; short enough to be typed. */
export function randomSeed(): number {
  return randomInt(1, 1_000_000)
}

type Sampled = Pick<ClusterFacts, 'pairs'>

/** Ordered pairs of different entries, one for each pair of nodes that is tried. */
export function nodePairs<T>(
  { pairs }: Sampled,
  entries: readonly T[],
  nameOf: (entry: T) => string,
): (readonly [T, T])[] {
  if (pairs === undefined) return pairsOf(entries)
  const byName = new Map(entries.map((entry) => [nameOf(entry), entry]))
  return entries.flatMap((from) =>
    (pairs.partners[nameOf(from)] ?? []).flatMap((name) => {
      const to = byName.get(name)
      return to === undefined ? [] : [[from, to] as const]
    }),
  )
}

/**
 * Ordered pairs of tasks on different nodes. Among many nodes the tasks of a node take turns from partner to partner,
 * so that each of them sends and receives.
 */
export function taskPairs<T>(
  facts: Sampled,
  tasks: readonly T[],
  nodeOf: (task: T) => string,
): (readonly [T, T])[] {
  const homes = grouped(tasks, nodeOf)
  if (homes.size * (homes.size - 1) <= mostPairsOfEveryTask)
    return pairsOf(tasks).filter(([from, to]) => nodeOf(from) !== nodeOf(to))
  const paths = nodePairs(facts, [...homes.keys()], (name) => name)
  const asked = new Map<string, number>()
  return [...grouped(paths, ([from]) => from).values()].flatMap((own) =>
    own.flatMap(([from, to], turn) => {
      const [senders, receivers] = [homes.get(from) ?? [], homes.get(to) ?? []]
      const rounds = Math.ceil(Math.max(senders.length, receivers.length) / own.length)
      return Array.from({ length: rounds }, (_, round) => turn + round * own.length).flatMap((at) => {
        const times = asked.get(to) ?? 0
        asked.set(to, times + 1)
        const [one, other] = [senders[at % senders.length], receivers[times % receivers.length]]
        return one === undefined || other === undefined ? [] : [[one, other] as const]
      })
    }),
  )
}

function grouped<T>(entries: readonly T[], keyOf: (entry: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of entries) {
    const key = keyOf(entry)
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(entry)
  }
  return groups
}

/** For the end of a conclusion; empty where all pairs were tried. */
export function sampleNote({ pairs }: Sampled): string {
  return pairs === undefined ? '' : `; a sample, ${describeSample(pairs)}`
}

export function describeSample({ seed, taken, of }: Pick<PairSample, 'seed' | 'taken' | 'of'>): string {
  return `${taken} of ${of} ordered pairs of nodes, seed ${seed}`
}
