import type { Suite } from '../lib/conformance/suite.ts'
import { controlPlane } from './CTL/index.ts'
import { encryption } from './ENC/index.ts'
import { vxl } from './VXL/index.ts'

/** Everything that is verified, in the order it is verified. */
export const suites: readonly Suite[] = [controlPlane, vxl, encryption]
