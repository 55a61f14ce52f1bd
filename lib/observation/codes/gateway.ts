/** Of docker_gwbridge, and of what engines say of networks. */
export const gatewayCodes = {
  'interface-missing': '{node} has no interface {subject}',
  'gateway-interface-missing': '{subject} has no interface on docker_gwbridge',
  'address-outside-subnet': '{subject} has the address {observed}, expected one of {expected}',
  'engine-states-otherwise': 'the engine of {node} states {observed} for {subject}, expected {expected}',
  'bridge-overlaps-route': 'docker_gwbridge ({address}) overlaps the route {subject}',
  'bridge-overlaps-overlay': 'docker_gwbridge ({address}) overlaps the overlay {network} ({observed})',
  'outbound-not-sent': 'a task could not send out of the overlays: {observed}',
  'outbound-never-left': 'what a task sent out of the overlays never left {from} for {to}',
  'outbound-lost': 'what a task sent out of the overlays from {from} did not arrive at {to}',
  'outbound-source-wrong':
    'what a task sent out of the overlays arrived at {to} from {observed}, expected {expected}',
  'default-route-missing': '{subject} has no default route',
  'default-route-elsewhere':
    'the default route of {subject} leads to {observed}, which is not in docker_gwbridge ({expected})',
  'answered-over-gateway-bridge': '{protocol} was answered over docker_gwbridge at {address}',
  'gateway-bridges-joined': '{protocol} was answered at {address}, which is on docker_gwbridge of {to} alone',
  'change-accepted': 'the engine of {node} accepted "{subject}"',
  'refused-without-reason': 'the engine of {node} refused "{subject}" without saying why: {observed}',
  'change-refused': 'the engine of {node} refused "{subject}": {observed}',
} as const
