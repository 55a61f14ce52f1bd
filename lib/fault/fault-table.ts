import type { Fault } from './fault.ts'
import * as all from './index.ts'

/** Every defect that can be planted, each proof that requirements can fail; by name. */
export const faults: readonly Fault[] = Object.values<Fault>(all).sort((one, other) =>
  one.name < other.name ? -1 : 1,
)
