/** The requirements of this group: one line each. */
export { roundRobin } from './lb-01-round-robin.ts'
export { balancers } from './lb-02-balancers.ts'
export { taskDies } from './lb-03-task-dies.ts'
export { scalingShows } from './lb-04-scaling-shows.ts'
export { idleConnection } from './lb-05-idle-connection.ts'
export { resets } from './lb-06-resets.ts'
