/** Every provider of hosts: one line each. */
export { containers } from './container/container-provider.ts'
export { machines } from './vm/vm-provider.ts'
