import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { encapsulation } from './vxl-01-encapsulation.ts'
import { addresses } from './vxl-02-addresses.ts'
import { localStaysLocal } from './vxl-03-local-stays-local.ts'
import { ownVni } from './vxl-04-own-vni.ts'
import { devices } from './vxl-05-devices.ts'
import { forwarding } from './vxl-06-forwarding.ts'
import { bareOnVeth } from './vxl-07-bare-on-veth.ts'
import { readable } from './vxl-08-readable.ts'
import { routedUnderlay } from './vxl-09-routed-underlay.ts'

export const vxl: Suite = {
  group: 'VXL',
  title: groupTitles.VXL,
  tests: [
    encapsulation,
    addresses,
    localStaysLocal,
    ownVni,
    devices,
    forwarding,
    bareOnVeth,
    readable,
    routedUnderlay,
  ],
}
