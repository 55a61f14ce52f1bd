/** The requirements of this group: one line each. */
export { noOverlap } from './gwb-01-no-overlap.ts'
export { masqueraded } from './gwb-02-masqueraded.ts'
export { noNeighbours } from './gwb-03-no-neighbours.ts'
export { customisedBridge } from './gwb-04-customised.ts'
export { changedOutside } from './gwb-05-changed-outside.ts'
