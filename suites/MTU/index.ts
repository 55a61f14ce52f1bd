import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { interfaces } from './mtu-01-interfaces.ts'
import { exactSize } from './mtu-02-exact-size.ts'
import { bulk } from './mtu-03-bulk.ts'
import { noFragments } from './mtu-04-no-fragments.ts'
import { gatewayBridge } from './mtu-05-gateway-bridge.ts'
import { customMtu } from './mtu-06-custom.ts'

export const mtu: Suite = {
  group: 'MTU',
  title: groupTitles.MTU,
  tests: [interfaces, exactSize, bulk, noFragments, gatewayBridge, customMtu],
}
