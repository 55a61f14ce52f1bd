/** Of internal load balancing. */
export const balancingCodes = {
  'name-lacks-task': 'DNS of {node} does not list {subject}',
  'name-lists-stranger': 'DNS of {node} lists {address}, which is of no running task',
  'name-not-answered': 'DNS of {node} did not answer: {observed}',
  'balancer-lacks-task': 'IPVS of {node} does not list {subject}',
  'balancer-lists-stranger': 'IPVS of {node} lists {address}, which is of no running task',
  'balancer-not-set-up': 'nothing on {node} marks packets for {address}',
} as const
