/** Of the control plane and the ports between nodes. */
export const controlPlaneCodes = {
  'data-never-left': 'no {protocol} left {from} for {to}',
  'data-lost-on-the-way': 'of {expected} {protocol} packets that left {from}, none arrived at {to}',
  'connection-refused': 'port {port}/tcp at {address} did not accept a connection: {observed}',
  'gossip-never-left': 'no gossip datagram left {from} for {to}',
  'gossip-lost-on-the-way': 'of {expected} gossip datagrams that left {from}, none arrived at {to}',
  'gossip-unanswered':
    '{expected} gossip datagrams from {from} arrived at {to}, which answered {observed} of them over UDP',
  'udp-probes-failed':
    'the engine of {node} says {observed} times that UDP probes of {subject} failed while TCP reached it',
  'stream-not-tls': 'the stream {subject} is not TLS at byte {observed}',
  'name-readable': '{observed} is readable in {subject}',
  'datagram-not-encrypted': 'a datagram {subject} {observed}',
  'token-readable': 'the join token of {node} is readable in {observed} packets',
  'data-on-other-port': 'VXLAN left {from} for {to} on UDP port {observed}, expected {expected}',
  'device-port-differs': 'the VXLAN device in {subject} of {node} has port {observed}, expected {expected}',
  'traffic-on-other-interface':
    '{protocol} {address} was on {observed} of {node}, expected on {expected} only',
  'node-not-ready': '{node} is {observed}, expected ready',
  'node-not-listed': '{node} is not in the manager’s node list',
  'peer-unknown': '{node} does not know {subject} ({address}) as a peer',
  'peer-stale': '{node} holds the peer {address}, which is {subject} and not Ready',
  'stated-address-differs': 'the engine of {node} states {observed}, expected {expected} ({subject})',
  'tunnel-end-differs': '{node} leads to the task by {observed}, expected {expected} ({subject})',
  'data-arrived-elsewhere': 'VXLAN arrived at {node} on {observed}, expected on {expected} ({subject})',
  'data-not-arrived': 'no VXLAN arrived at {node} on {expected} ({subject})',
  'ambiguous-init-accepted': '{node} accepted it, with addresses on {subject}',
  'refusal-without-option': '{node} refused it without naming --advertise-addr: {observed}',
  'refusal-without-interfaces': '{node} refused it and named {observed}, expected two of {expected}',
} as const
