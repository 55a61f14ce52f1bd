/**
 * Engine flavours a lab's hosts can have: major and minor version. Which exact version that is, is for the
 * distribution's archive to say; every run records what it found.
 */
export const engineNames = ['20.10', '26.1', '28.5'] as const
export type EngineName = (typeof engineNames)[number]

export const defaultEngine: EngineName = '26.1'

/** Accepts a flavour, or an exact version of one: `26.1.5` is `26.1`. Undefined for anything else. */
export function engineName(text: string): EngineName | undefined {
  return engineNames.find((name) => text === name || text.startsWith(`${name}.`))
}

/** Versions from `since` on and before `until`; open where not given. */
export interface VersionRange {
  readonly since?: string
  readonly until?: string
}

/** Whether a version is in one of these ranges; any is where there are none. */
export function isWithin(version: string, ranges: readonly VersionRange[]): boolean {
  return (
    ranges.length === 0 ||
    ranges.some(
      ({ since, until }) =>
        (since === undefined || compareVersions(version, since) >= 0) &&
        (until === undefined || compareVersions(version, until) < 0),
    )
  )
}

/** Negative if `a` is the older version, positive if the newer, 0 if equal as far as both are given. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number.parseFloat)) as [
    number[],
    number[],
  ]
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
