import { ExitCode } from '../error.ts'
import type { Found } from '../swarm/find-left.ts'
import type { Leftover } from '../swarm/leftovers.ts'

/** What a host says of a run. */
export interface SignOfLife {
  readonly host: string
  readonly run: string
}

/** What `clean HOSTS` found and did. */
export interface CleanedHosts {
  readonly hosts: readonly string[]
  /** The only run that was asked for; undefined for all. */
  readonly run: string | undefined
  /** Everything of a run that was there, before anything was removed. */
  readonly found: readonly Found[]
  /** Which runs are alive, and which host says so. */
  readonly living: readonly SignOfLife[]
  /** What is left, or would be, because its run is alive. */
  readonly kept: readonly Found[]
  readonly removed: readonly Found[]
  /** What could not be removed, or not be looked for. */
  readonly left: readonly Leftover[]
  readonly dryRun: boolean
}

export function exitCodeOfCleaning({ left }: CleanedHosts): number {
  return left.length > 0 ? ExitCode.harness : ExitCode.conformant
}

export function cleanedText(cleaned: CleanedHosts): string {
  const { run, found, kept, removed, left, dryRun } = cleaned
  const cannot = dryRun ? 'COULD NOT LOOK FOR' : 'COULD NOT REMOVE'
  const line = (verb: string, { host, kind, name, run }: Found): string =>
    `${host}: ${verb} ${kind} ${name} of run ${run}`
  const lines = dryRun
    ? found.map((one) =>
        line(kept.includes(one) ? 'would leave, because its run is still alive:' : 'would remove', one),
      )
    : [
        ...removed.map((one) => line('removed', one)),
        ...kept.map((one) => line('left, because its run is still alive (--force removes it too):', one)),
      ]
  lines.push(...overruled(cleaned))
  lines.push(...left.map(({ host, what, remove }) => `${host}: ${cannot} ${what}\n  do next:  ${remove}`))
  if (lines.length === 0)
    lines.push(run === undefined ? 'nothing is left of any run' : `nothing is left of run ${run}`)
  return `${lines.join('\n')}\n`
}

/** Hosts whose word did not keep others from being cleaned. */
function overruled({ found, kept, removed, living, dryRun }: CleanedHosts): string[] {
  const goes = dryRun ? found.filter((one) => !kept.includes(one)) : removed
  const others = living.filter(({ host, run }) => goes.some((one) => one.run === run && one.host !== host))
  const outcome = dryRun ? 'would be removed' : 'was removed'
  return others.map(
    ({ host, run }) =>
      `${host}: says that run ${run} is still alive, but only managers speak for other hosts; what those have of it ${outcome}`,
  )
}
