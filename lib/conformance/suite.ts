import type { ConformanceTest } from './test.ts'

/** The requirements of one group, such as CTL or OVL. */
export interface Suite {
  readonly group: string
  readonly title: string
  readonly tests: readonly ConformanceTest[]
}
