import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { pools } from './adr-01-pools.ts'
import { fixed } from './adr-02-fixed.ts'
import { noSharedAddress } from './adr-03-no-shared-address.ts'
import { exhaustedSubnet } from './adr-04-exhausted-subnet.ts'

export const addressing: Suite = {
  group: 'ADR',
  title: groupTitles.ADR,
  tests: [pools, fixed, noSharedAddress, exhaustedSubnet],
}
