/** Of addresses and subnets that are given out. */
export const addressingCodes = {
  'subnet-not-of-pools': '{network} got {observed}, which is not of the pools ({expected})',
  'subnet-out-of-turn': '{network} got {observed}, due was {expected}',
  'freed-subnet-not-reused': '{network} got {observed} when {expected} alone was free',
  'address-held-twice': '{address} is held by {subject}, as {observed} tell',
  'more-tasks-than-addresses': '{observed} tasks run, but {network} has addresses for {expected} at most',
  'address-given-twice': '{address} was given to more than one task',
  'task-does-not-wait': 'the task {subject} without an address is {observed} instead of waiting',
  'shortage-unexplained': 'nothing says why {observed} tasks do not start',
  'running-task-lost': 'the task {subject} that ran before no longer runs',
} as const
