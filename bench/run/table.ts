import { median } from '../../lib/median.ts'
import type { Case, Figure, Target, Trial } from './bench.ts'
import type { ComparedCount } from './counts.ts'

/** What came of a case: for each party a trial for each pair, in order. */
export interface Result {
  readonly name: string
  readonly about: string
  readonly trials: Readonly<Record<string, readonly Trial[]>>
  readonly targets: readonly JudgedTarget[]
  readonly counts: readonly ComparedCount[]
  readonly beside?: string
}

export interface JudgedTarget extends Target {
  /** Pair by pair, of this commit to the other party. */
  readonly ratios: readonly number[]
  /** Undefined where there is nothing to compare, such as bytes over SSH of hosts that are containers. */
  readonly met: boolean | undefined
}

const figureOf: Readonly<Record<Figure, (trial: Trial) => number>> = {
  wall: ({ wallSeconds }) => wallSeconds,
  CPU: ({ cpuSeconds }) => cpuSeconds,
  'bytes over SSH': ({ counted }) => counted?.sshBytes ?? 0,
}

/** The median of the ratios of the pairs is what a target is for. */
export function judgeTarget(target: Target, trials: Result['trials']): JudgedTarget {
  const figure = figureOf[target.figure]
  const others = trials[target.of] ?? []
  const ratios = (trials['now'] ?? []).map((trial, pair) => {
    const other = others[pair]
    return other === undefined ? NaN : figure(trial) / figure(other)
  })
  const ratio = median(ratios)
  return { ...target, ratios, met: Number.isFinite(ratio) ? ratio <= target.most : undefined }
}

/** A target missed, or a count that fails without a decision. */
export function isGood({ targets, counts }: Result): boolean {
  return (
    targets.every(({ met }) => met !== false) && counts.every(({ fails, decision }) => !fails || decision)
  )
}

/** One case in lines of text. */
export function tell(result: Result, { parties }: Pick<Case, 'parties'>): string {
  const pairs = result.trials['now']?.length ?? 0
  const costs = parties.map((party) => {
    const of = (figure: (trial: Trial) => number): string =>
      range((result.trials[party] ?? []).map(figure), 2)
    return [
      party,
      of(({ wallSeconds }) => wallSeconds),
      of(({ cpuSeconds }) => cpuSeconds),
      of(({ machineSeconds }) => machineSeconds),
    ]
  })
  const others = parties.filter((party) => party !== 'now')
  const ratios = others.flatMap((other) =>
    (['wall', 'CPU', 'bytes over SSH'] as const).flatMap((figure) => {
      const target = result.targets.find((one) => one.figure === figure && one.of === other)
      const { ratios: all } = target ?? judgeTarget({ figure, of: other, most: NaN }, result.trials)
      if (!all.some(Number.isFinite)) return []
      const verdict = target === undefined ? ['', ''] : [`≤ ${target.most}`, target.met ? 'met' : 'MISSED']
      return [[`${figure}, now ÷ ${other}`, range(all, 2), ...verdict]]
    }),
  )
  const counts = result.counts.map(({ what, earlier, now, fails, decision }) => [
    what,
    String(earlier),
    String(now),
    fails ? (decision === undefined ? 'LOWER OR DIFFERENT' : `by ${decision}`) : '',
  ])
  return [
    `${result.name}: ${result.about} (${pairs} pairs)`,
    columns([['', 'wall s', 'CPU s', 'machine s'], ...costs]),
    columns([['', 'median (lowest to highest)', 'target', ''], ...ratios]),
    ...(counts.length === 0 ? [] : [columns([['', 'earlier', 'now', ''], ...counts])]),
    ...unsound(result.trials),
    ...unequal(result.trials),
    ...(result.beside === undefined ? [] : [`  beside: ${result.beside}`]),
  ].join('\n')
}

/** What tests said, and turns that did not end well: they may have been short for that. */
function unsound(trials: Result['trials']): string[] {
  return Object.entries(trials).flatMap(([party, all]) => {
    const codes = all.map(({ exitCode }) => exitCode)
    const told = all.flatMap(({ told }) => told ?? [])
    return [
      ...(codes.every((code) => code === 0) ? [] : [`  ${party}: exit codes ${codes.join(', ')}`]),
      ...(told.length === 0 ? [] : [`  ${party}: ${told.join('; ')}`]),
    ]
  })
}

/** A machine that was not equally fast in all turns: ratios of these say little. */
function unequal(trials: Result['trials']): string[] {
  const all = Object.values(trials).flatMap((turns) => turns.flatMap(({ fixedWorkMs }) => fixedWorkMs))
  const [least, most] = [Math.min(...all), Math.max(...all)]
  if (!(most > 1.25 * least)) return []
  const told = Object.entries(trials).map(
    ([party, turns]) =>
      `${party} ${turns.map(({ fixedWorkMs }) => fixedWorkMs.map((ms) => ms.toFixed(0)).join(' and ')).join(', ')}`,
  )
  return [
    `  the machine was ${(most / least).toFixed(2)} times slower at one time than at another: measure again. The same work before and after each turn, ms: ${told.join('; ')}`,
  ]
}

function range(values: readonly number[], digits: number): string {
  const words = [median(values), Math.min(...values), Math.max(...values)].map((one) => one.toFixed(digits))
  return values.length === 1 ? `${words[0]}` : `${words[0]} (${words[1]} to ${words[2]})`
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  return rows
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}
