import { InputError } from '../error.ts'
import { disruptiveLast, only, type PlannedLab } from './plan.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'

/** One of the parts of a run, for one of several jobs. */
export interface Shard {
  /** From 1. */
  readonly index: number
  readonly count: number
}

/** What a lab costs before its first requirement; as the others measured on two emulated cores, in seconds. */
const labSeconds = 30

function secondsOf(test: ConformanceTest): number {
  if (test.slow === true) return 40
  // A disruptive one waits for what it broke, and its lab is put back.
  return test.safety === 'lab' ? 120 : 10
}

/** `2/3`. @throws InputError for anything else */
export function readShard(text: string): Shard {
  const [, first = '', second = ''] = /^\s*(\d{1,4})\s*\/\s*(\d{1,4})\s*$/.exec(text) ?? []
  const [index, count] = [Number(first), Number(second)]
  if (first !== '' && index >= 1 && index <= count) return { index, count }
  throw new InputError({
    code: 'BAD_SHARD',
    what: `--shard '${text}' is not a part of a run`,
    expected: 'I/N, the part I of N, I from 1 to N',
    hint: 'e.g. --shard 1/3, --shard 2/3 and --shard 3/3 for three jobs',
  })
}

/**
 * The labs and tests of one part. The same plan is always split the same way, every test is in exactly one part, and
 * the parts of a lab keep its name. A lab is split only where that saves more than the start of another one costs, or
 * where a part would have nothing to do.
 * @throws InputError when there are more parts than tests
 */
export function shardOf(plan: readonly PlannedLab[], shard: Shard): PlannedLab[] {
  const parts = split(plan, shard.count)
  const mine = (parts[shard.index - 1] ?? []).toSorted((a, b) => a.lab - b.lab || a.from - b.from)
  if (mine.length === 0) {
    const tests = plan.reduce((sum, lab) => sum + testsOf(lab.suites).length, 0)
    throw new InputError({
      code: 'EMPTY_SHARD',
      what: `part ${shard.index} of ${shard.count} has nothing to verify`,
      observed: `${tests} requirements are selected`,
      hint: 'use fewer parts',
    })
  }
  const labs = [...new Set(mine.map(({ lab }) => lab))]
  return labs.map((lab) => {
    const wanted = new Set(mine.filter((piece) => piece.lab === lab).flatMap(({ tests }) => tests))
    const planned = plan[lab] as PlannedLab
    return { ...planned, suites: disruptiveLast(only(planned.suites, (test) => wanted.has(test))) }
  })
}

interface Piece {
  /** Place of its lab in the plan. */
  readonly lab: number
  /** Place of its first test in the lab. */
  readonly from: number
  readonly tests: readonly ConformanceTest[]
}

function split(plan: readonly PlannedLab[], count: number): Piece[][] {
  let pieces = plan.map(({ suites }, lab): Piece => ({ lab, from: 0, tests: testsOf(suites) }))
  let parts = spread(pieces, count)
  for (;;) {
    const heaviest = pieces.toSorted(heavierFirst)[0]
    if (heaviest === undefined || heaviest.tests.length < 2) return parts
    const finer = pieces.flatMap((piece) => (piece === heaviest ? halves(piece) : [piece]))
    const finerParts = spread(finer, count)
    const isIdle = parts.some((part) => part.length === 0)
    if (!isIdle && longest(parts) - longest(finerParts) < labSeconds) return parts
    ;[pieces, parts] = [finer, finerParts]
  }
}

/** The heaviest first, each to the part that has least to do until then. */
function spread(pieces: readonly Piece[], count: number): Piece[][] {
  const parts = Array.from({ length: count }, (): Piece[] => [])
  for (const piece of pieces.toSorted(heavierFirst)) {
    const least = parts.reduce((best, part) =>
      secondsWith(part, piece) < secondsWith(best, piece) ? part : best,
    )
    least.push(piece)
  }
  return parts
}

/** Where the time is halved; tests that stand together often share what was observed. */
function halves(piece: Piece): Piece[] {
  const total = piece.tests.reduce((sum, test) => sum + secondsOf(test), 0)
  let [cut, before] = [0, 0]
  while (cut < piece.tests.length - 1 && (cut === 0 || before < total / 2)) {
    before += secondsOf(piece.tests[cut] as ConformanceTest)
    cut += 1
  }
  return [
    { ...piece, tests: piece.tests.slice(0, cut) },
    { ...piece, from: piece.from + cut, tests: piece.tests.slice(cut) },
  ]
}

/** Pieces of one lab in one part start it once. */
function secondsOfPart(part: readonly Piece[]): number {
  const tests = part.flatMap((piece) => piece.tests)
  const labs = new Set(part.map(({ lab }) => lab)).size
  return labs * labSeconds + tests.reduce((sum, test) => sum + secondsOf(test), 0)
}

const secondsWith = (part: readonly Piece[], piece: Piece): number => secondsOfPart([...part, piece])

const longest = (parts: readonly (readonly Piece[])[]): number => Math.max(...parts.map(secondsOfPart))

function heavierFirst(a: Piece, b: Piece): number {
  return secondsOfPart([b]) - secondsOfPart([a]) || a.lab - b.lab || a.from - b.from
}

function testsOf(suites: readonly Suite[]): ConformanceTest[] {
  return suites.flatMap(({ tests }) => tests)
}
