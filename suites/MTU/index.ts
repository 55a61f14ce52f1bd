/** The requirements of this group: one line each. */
export { interfaces } from './mtu-01-interfaces.ts'
export { exactSize } from './mtu-02-exact-size.ts'
export { bulk } from './mtu-03-bulk.ts'
export { noFragments } from './mtu-04-no-fragments.ts'
export { gatewayBridgeMtu } from './mtu-05-gateway-bridge.ts'
export { customMtu } from './mtu-06-custom.ts'
