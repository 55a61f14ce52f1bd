import type { Suite } from '../lib/conformance/suite.ts'

/** Everything that is verified, in the order it is verified. */
export const suites: readonly Suite[] = []
