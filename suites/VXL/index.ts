import type { Suite } from '../../lib/conformance/suite.ts'
import { encapsulation } from './vxl-01-encapsulation.ts'

export const vxlan: Suite = { group: 'VXL', title: 'VXLAN encapsulation', tests: [encapsulation] }
