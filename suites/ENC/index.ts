import type { Suite } from '../../lib/conformance/suite.ts'
import { onlyEsp } from './enc-01-only-esp.ts'
import { clearTwin } from './enc-02-clear-twin.ts'
import { ledger } from './enc-03-ledger.ts'
import { sequence } from './enc-04-sequence.ts'
import { enforced } from './enc-07-enforcement.ts'
import { penaltyMeasured } from './enc-10-penalty.ts'

export const enc: Suite = {
  group: 'ENC',
  title: 'Encryption of application data',
  tests: [onlyEsp, clearTwin, ledger, sequence, enforced, penaltyMeasured],
}
