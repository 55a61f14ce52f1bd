import type { Suite } from '../../lib/conformance/suite.ts'
import { noSharedAddress } from './adr-03-no-shared-address.ts'

export const addressing: Suite = {
  group: 'ADR',
  title: 'Addressing',
  tests: [noSharedAddress],
}
