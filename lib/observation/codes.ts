import { addressingCodes } from './codes/addressing.ts'
import { controlPlaneCodes } from './codes/control-plane.ts'
import { discoveryCodes } from './codes/discovery.ts'
import { encryptionCodes } from './codes/encryption.ts'
import { gatewayCodes } from './codes/gateway.ts'
import { generalCodes } from './codes/general.ts'
import { ingressCodes } from './codes/ingress.ts'
import { balancingCodes } from './codes/balancing.ts'
import { overlayCodes } from './codes/overlay.ts'
import { resilienceCodes } from './codes/resilience.ts'
import { sizeCodes } from './codes/sizes.ts'
import { vxlanCodes } from './codes/vxlan.ts'

/**
 * Every code a problem may have, with its phrase. In a phrase `{from}`, `{to}`, `{node}`, `{network}`, `{service}`,
 * `{protocol}`, `{address}`, `{port}`, `{subject}`, `{expected}` and `{observed}` stand for the problem's fields;
 * whatever a phrase does not mention is put before it (where) or behind it (expected, observed). See `describeProblem`.
 */
export const problemCodes = {
  ...generalCodes,
  ...addressingCodes,
  ...controlPlaneCodes,
  ...discoveryCodes,
  ...encryptionCodes,
  ...gatewayCodes,
  ...ingressCodes,
  ...balancingCodes,
  ...overlayCodes,
  ...resilienceCodes,
  ...sizeCodes,
  ...vxlanCodes,
} as const

export type ProblemCode = keyof typeof problemCodes
