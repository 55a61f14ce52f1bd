import type { Rule } from './rule.ts'
import * as all from './rules/index.ts'

/** All rules, the gravest first: the order in which findings are read, and causes before what follows from them. */
export const rules: readonly Rule[] = Object.values<Rule>(all).sort(
  (one, other) => one.gravity - other.gravity,
)
