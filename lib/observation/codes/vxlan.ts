/** Of VXLAN encapsulation and what engines set up for it. */
export const vxlanCodes = {
  'not-encapsulated': 'no VXLAN packet left {node} for the pair',
  'vni-flag-clear': 'the I flag of VXLAN is not set',
  'vni-differs': 'is in VXLAN with VNI {observed}, expected {expected}',
  'data-path-port-differs': 'goes to UDP port {observed}, expected {expected}',
  'outer-address-differs':
    'packets that {node} sends have the outer {subject} {observed}, expected {expected}',
  'inner-address-unknown': 'seen on {node}: the inner {subject} {address} is not an endpoint of {network}',
  'inner-mac-differs': 'seen on {node}: the inner {subject} MAC is {observed}, expected its own {expected}',
  'hop-taken': 'seen on {node}: the inner TTL is {observed}, expected {expected}, as it was sent',
  'local-traffic-left': 'traffic between two tasks of {node} was seen on the underlay of {subject}',
  'vni-of-two-networks': 'networks {subject} and {network} both have VNI {observed}',
  'vni-of-two-namespaces': '{subject} on {node} uses VNI {expected}, which {observed} uses, too',
  'vni-of-device-differs': 'the VXLAN device of {network} on {node} has VNI {observed}, expected {expected}',
  'network-namespace-missing': '{node} has no namespace {subject} of {network}',
  'bridge-missing': '{subject} has {observed} bridges, expected 1',
  'vxlan-device-missing': '{node} has no VXLAN device of {network} with VNI {expected}',
  'device-off-bridge': '{subject} is not on its bridge',
  'gateway-address-missing': '{subject} does not have the gateway’s address {expected}',
  'endpoint-devices-differ': '{observed} veth devices on {subject}, expected {expected}, one per endpoint',
  'device-down': '{subject} is down',
  'device-outside':
    '{subject} of {network} is in the own namespace of {node}, where the host reaches into the overlay',
  'neighbour-missing': '{node} has no neighbour entry for {subject} ({address})',
  'neighbour-differs':
    'the neighbour entry of {node} for {subject} ({address}) has {observed}, expected {expected}',
  'neighbour-not-permanent':
    'the neighbour entry of {node} for {subject} ({address}) is {observed}, expected PERMANENT',
  'neighbour-stale': '{node} has a stale neighbour entry {address} ({observed})',
  'forwarding-missing': '{node} has no forwarding entry for {subject} ({address})',
  'forwarding-differs':
    'the forwarding entry of {node} for {subject} ({address}) leads to {observed}, expected {expected}',
  'forwarding-stale': '{node} has a stale forwarding entry {address} to {observed}',
  'frame-not-on-veth': 'was not seen on the veth of its sender',
  'frame-encapsulated-early': 'is in VXLAN on the veth of its sender already',
  'frame-not-on-underlay': 'is bare on the veth, but was never seen on the underlay of {node}',
  'not-passed-on': '{protocol} from {from} to {to} came to {node}, which routes, and did not leave it',
  'frame-altered': 'is another frame on the underlay of {node} than on the veth',
  'payload-unreadable': 'no packet with the known data left {from} for {to}',
  'checksum-wrong': '{observed} of {expected} packets of {protocol} arrived with a wrong checksum {subject}',
  'checksum-unfinished':
    '{observed} of {expected} packets of {protocol} arrived with a checksum {subject} that nobody completed',
} as const
