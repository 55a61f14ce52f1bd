import type { FaultOutcome } from '../../suites/seen-to-fail.ts'
import type { Style } from './terminal.ts'

/** What fell under which fault, what was found first, and what was not caught or not named. */
export function faultsTable(
  seen: readonly (FaultOutcome & { readonly lab: string })[],
  paint: Style,
  reports: string,
): string {
  const width = Math.max(5, ...seen.map(({ fault }) => fault.length))
  const lab = Math.max(3, ...seen.map((one) => one.lab.length))
  const fellOf = ({ fell }: FaultOutcome): string => fell.join(' ') || '-'
  const fell = Math.max(22, ...seen.map((one) => fellOf(one).length))
  const lines = seen.map(
    (one) =>
      `${one.fault.padEnd(width)}  ${one.lab.padEnd(lab)}  ${one.host.padEnd(10)}  ${fellOf(one).padEnd(fell)}  ${one.findings[0]?.code ?? '-'}`,
  )
  const fallen = new Set(seen.flatMap(({ fell }) => fell))
  const problems = seen.flatMap(({ fault, problems: own }) => own.map((problem) => `${fault}: ${problem}`))
  return [
    '',
    paint.bold(
      `${'fault'.padEnd(width)}  ${'lab'.padEnd(lab)}  ${'host'.padEnd(10)}  ${'requirements that fell'.padEnd(fell)}  first finding`,
    ),
    ...lines,
    '',
    `${seen.length} faults planted, ${fallen.size} requirements fell, ${problems.length} not as they must; runs in ${reports}`,
    ...problems.map((problem) => paint.red(`  ${problem}`)),
    '',
  ].join('\n')
}

/** As it is seen. */
export function oneLine({
  fault,
  host,
  fell,
  failsAnyway,
  problems,
  seconds,
  firstTry,
  findings: [first],
}: FaultOutcome): string {
  const anyway =
    failsAnyway.length === 0 ? '' : `; ${failsAnyway.join(', ')} fails without it, too, for other reasons`
  const told = problems.length === 0 ? `${fell.join(', ')} fell${anyway}` : problems.join('\n    ')
  const again =
    firstTry === undefined ? '' : `\n    planted twice; at first:\n      ${firstTry.join('\n      ')}`
  return `${problems.length === 0 ? '✔' : '✘'} ${fault} on ${host}: ${told}  ${seconds} s${first === undefined ? '' : `\n    first: ${first.title}`}${again}`
}
