import type { RandomFaultsResult, StepTaken } from '../../suites/random-faults-result.ts'
import { describeCount, type WayCount } from '../../suites/steady-client.ts'
import { plural } from '../report/headline.ts'
import type { Style } from './terminal.ts'

/** A step as it ends: what was done, where, what stands, and what the client saw meanwhile. */
export function stepLine(step: StepTaken, paint: Style): string {
  const mark = { done: step.action === 'plant' ? '+' : '-', failed: paint.red('✘'), 'impossible here': '·' }
  const where = step.host === '' ? '' : ` on ${step.host}`
  const why = step.observed === undefined ? '' : `: ${step.observed}`
  const went = step.outcome === 'done' ? '' : `, ${step.outcome}${why}`
  const stands = step.standing.length === 0 ? 'nothing is planted' : `planted: ${step.standing.join(', ')}`
  const number = String(step.step).padStart(3)
  return [
    `${number} ${mark[step.outcome]} ${step.action} ${paint.bold(step.fault)}${where}${went}`,
    `      ${paint.dim(`${stands}; ${answeredOf(step.client)}, ${step.seconds} s`)}`,
    '',
  ].join('\n')
}

/** The invariants, the client's count, and on which step what broke, with the seed. */
export function randomFaultsEnd(
  result: RandomFaultsResult & { readonly seed: string; readonly reproduce: string; readonly state: string },
  paint: Style,
  file: string,
): string {
  const { seed, invariants, broken, client, state, reproduce } = result
  const ended =
    broken !== undefined
      ? paint.red(`seed ${seed} broke at step ${broken.step}: ${broken.what}`)
      : state === 'interrupted'
        ? paint.yellow(`seed ${seed} was interrupted; nothing was broken until then`)
        : paint.green(`seed ${seed} holds: ${plural(result.taken.length, 'step')}`)
  return [
    '',
    ...invariants.map(({ what, held, observed }) =>
      held ? `${paint.green('✔')} ${what}` : `${paint.red('✘')} ${what}: ${observed}`,
    ),
    ...client.map((count) => `  ${describeCount(count)}`),
    '',
    paint.bold(ended),
    `  ${paint.dim('stored   ')} ${file}`,
    `  ${paint.dim('again    ')} ${reproduce}`,
    '',
  ].join('\n')
}

function answeredOf(client: readonly WayCount[]): string {
  const sum = (key: 'asked' | 'answered'): number => client.reduce((all, count) => all + count[key], 0)
  return `${sum('answered')} of ${sum('asked')} requests answered`
}
