import { groupTitles } from './group-titles.ts'
import type { ConformanceTest } from './test.ts'

/** The requirements of one group, such as CTL or OVL. */
export interface Suite {
  readonly group: string
  readonly title: string
  readonly tests: readonly ConformanceTest[]
}

/** The suite of what a group's folder exports, in the order of the ids. */
export function suiteOf(
  group: keyof typeof groupTitles,
  exported: Readonly<Record<string, ConformanceTest>>,
): Suite {
  const tests = Object.values(exported).sort((one, other) => (one.id < other.id ? -1 : 1))
  return { group, title: groupTitles[group], tests }
}
