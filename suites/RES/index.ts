/** The requirements of this group: one line each. */
export { drain } from './res-01-drain.ts'
export { partition } from './res-02-partition.ts'
export { restart } from './res-03-restart.ts'
export { rollingUpdate } from './res-04-rolling-update.ts'
export { firewallReload } from './res-05-firewall-reload.ts'
