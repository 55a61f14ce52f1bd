import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { noOverlap } from './gwb-01-no-overlap.ts'
import { masqueraded } from './gwb-02-masqueraded.ts'
import { noNeighbours } from './gwb-03-no-neighbours.ts'
import { customised } from './gwb-04-customised.ts'
import { changedOutside } from './gwb-05-changed-outside.ts'

export const gatewayBridge: Suite = {
  group: 'GWB',
  title: groupTitles.GWB,
  tests: [noOverlap, masqueraded, noNeighbours, customised, changedOutside],
}
