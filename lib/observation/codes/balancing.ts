/** Of internal load balancing; of names and virtual IPs that lead to tasks. */
export const balancingCodes = {
  'name-lacks-task': 'DNS of {node} does not list {subject}',
  'name-lists-stranger': 'DNS of {node} lists {address}, which is of no running task',
  'name-not-answered': 'DNS of {node} did not answer: {observed}',
  'balancer-missing': '{node} has no namespace {subject} to balance in',
  'balancer-lacks-service': 'IPVS of {node} has no service for the packets marked for {address}',
  'balancer-lacks-task': 'IPVS of {node} does not list {subject}',
  'balancer-lists-stranger': 'IPVS of {node} lists {address}, which is of no running task',
  'balancer-not-set-up': 'nothing on {node} marks packets for {address}',
  'balancer-weight-zero': 'IPVS of {node} lists {subject} with weight 0',
  'balancer-scheduler-differs': 'IPVS of {node} schedules by {observed}',
  'balancer-left-over':
    'IPVS of {node} has a service in {subject} that belongs to no virtual IP of the stack',
  'balanced-without-virtual-ip': 'IPVS of {node} lists {subject}, whose service has no virtual IP',
  'virtual-ip-silent': 'the virtual IP {address} did not answer {protocol} from {node}: {observed}',
  'connections-unanswered':
    '{observed} of {expected} connections to the virtual IP from {node} had no answer',
  'task-not-balanced-to': 'no connection to the virtual IP from {node} was answered by {subject}',
  'shares-unequal': 'of the connections from {node} {subject} answered {observed}, not {expected}',
  'requests-unanswered': '{observed} of {expected} requests over one connection had no answer',
  'connection-split': 'requests over one connection were answered by several tasks: {observed}',
  'connections-still-fail':
    'connections from {node} still failed {observed} s after {subject} had died, bound {expected} s',
  'replacement-missing': 'nothing runs in place of {subject} after {expected} s',
  'replacement-not-reached': '{subject}, which replaces a dead task, did not answer within {expected} s',
  'idle-connection-lost': 'a connection from {node} that was idle for {expected} s was lost: {observed}',
  'connections-reset': '{observed} of {expected} connections from {node} {subject} were reset',
} as const
