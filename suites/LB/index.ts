import type { Suite } from '../../lib/conformance/suite.ts'
import { roundRobin } from './lb-01-round-robin.ts'
import { balancers } from './lb-02-balancers.ts'

export const lb: Suite = {
  group: 'LB',
  title: 'Internal load balancing',
  tests: [roundRobin, balancers],
}
