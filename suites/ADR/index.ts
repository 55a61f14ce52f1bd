/** The requirements of this group: one line each. */
export { pools } from './adr-01-pools.ts'
export { fixed } from './adr-02-fixed.ts'
export { noSharedAddress } from './adr-03-no-shared-address.ts'
export { exhaustedSubnet } from './adr-04-exhausted-subnet.ts'
