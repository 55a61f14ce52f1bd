import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { roundRobin } from './lb-01-round-robin.ts'
import { balancers } from './lb-02-balancers.ts'
import { taskDies } from './lb-03-task-dies.ts'
import { scalingShows } from './lb-04-scaling-shows.ts'
import { idleConnection } from './lb-05-idle-connection.ts'

export const lb: Suite = {
  group: 'LB',
  title: groupTitles.LB,
  tests: [roundRobin, balancers, taskDies, scalingShows, idleConnection],
}
