import { dockerFront } from './docker-front.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'

export const smallSubnetWidened: Fault = {
  name: 'small-subnet-widened',
  description: 'A manager gives a network of a small subnet a large one, silently.',
  breaks: ['ADR-04'],
  unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  plant: ({ cluster }) => dockerFront(cluster.manager, sh`*/29) word="\${word%.*}.0/24"`),
}
