/** Of recovery from what is done to a swarm. */
export const resilienceCodes = {
  'task-not-moved': 'a task of {service} still runs on {node}, which is drained',
  'tasks-not-running': '{observed} of {expected} tasks run',
  'no-task-returned': 'no task runs on {node}, which is active again',
  'node-not-given-up': 'the managers list {node} as {observed} although no packet passed',
  'engine-not-back': 'the engine of {node} does not answer within {expected} s: {observed}',
  'request-failed-in-update': '{observed} requests from {node} failed during the update ({subject})',
  'published-port-silent-unexplained':
    'the published port of {node} does not answer, and no missing rule explains it',
} as const
