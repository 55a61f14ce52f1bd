import type { Suite } from '../../lib/conformance/suite.ts'
import { onlyEsp } from './enc-01-only-esp.ts'

export const encryption: Suite = { group: 'ENC', title: 'Encryption of application data', tests: [onlyEsp] }
