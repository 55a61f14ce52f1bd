import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { onlyEsp } from './enc-01-only-esp.ts'
import { clearTwin } from './enc-02-clear-twin.ts'
import { ledger } from './enc-03-ledger.ts'
import { sequence } from './enc-04-sequence.ts'
import { injectionDropped } from './enc-05-injection-dropped.ts'
import { singleEndpoint } from './enc-06-single-endpoint.ts'
import { enforced } from './enc-07-enforcement.ts'
import { failsClosed } from './enc-08-fails-closed.ts'
import { encryptedIngress } from './enc-09-encrypted-ingress.ts'
import { penaltyMeasured } from './enc-10-penalty.ts'

export const enc: Suite = {
  group: 'ENC',
  title: groupTitles.ENC,
  tests: [
    onlyEsp,
    clearTwin,
    ledger,
    sequence,
    injectionDropped,
    singleEndpoint,
    enforced,
    failsClosed,
    encryptedIngress,
    penaltyMeasured,
  ],
}
