/** Of overlays: who knows them, who is on them, what they are given, and what is left of them. */
export const overlayCodes = {
  'network-missing': '{node} does not list the network {network}',
  'network-missing-at-first': '{node} did not list the network {network} before any service',
  'network-form-differs': '{network} on {node} is {observed}, expected {expected}',
  'network-form-differed-at-first':
    '{network} on {node} was {observed} before any service, expected {expected}',
  'network-listed-without-task': '{node} lists {network}, on which it runs no task',
  'namespace-without-task': 'the kernel of {node} holds {subject} of {network}, on which it runs no task',
  'subnet-differs': '{network} has the subnet {observed}, asked for was {expected}',
  'gateway-differs': '{network} has the gateway {observed}, asked for was {expected}',
  'gateway-address-used': '{subject} has {address}, which is the gateway of {network}',
  'prefix-length-differs': '{address} of {subject} has the prefix length {observed}, expected {expected}',
  'address-not-held': 'the namespace of {subject} does not hold {address}, its address on {network}',
  'task-namespace-missing': 'no namespace of {node} belongs to {subject}',
  'gateway-not-assigned': '{node} states no gateway of {network}',
  'gateway-outside-subnet': 'the gateway {observed} of {network} is outside its subnet {expected}',
  'gateway-is-subnet-address': 'the gateway {address} of {network} is its subnet’s own address',
  'subnet-overlaps-network': '{address} of {network} overlaps the network {subject} ({observed}) of {node}',
  'subnet-overlaps-route': '{address} of {network} overlaps the route {subject} of {node}',
  'swarm-mask-length-differs': '{node} states the mask length {observed} for the swarm, expected {expected}',
  'subnet-mask-length-differs':
    '{network} was assigned {address}, the mask length of the swarm is {expected}',
  'endpoint-not-listed': 'the engine of {node} does not list {subject} ({address}) on {network}',
  'endpoint-address-differs':
    'the engine of {node} lists {subject} with {observed} on {network}, the API says {expected}',
  'endpoint-without-task':
    'the engine of {node} lists container {subject} ({address}) on {network}, which is not a task of the API',
  'network-peer-missing':
    'the engine of {node} does not list {subject} ({address}), which runs a task on {network}, among its peers',
  'network-peer-stale':
    'the engine of {node} lists the peer {address} of {network}, which runs no task on it',
  'balancer-endpoint-missing': 'the engine of {node} lists no endpoint of the balancer of {network}',
  'balancer-endpoint-not-single':
    'the engine of {node} lists {observed} endpoints of the balancer of {network}, expected 1: {subject}',
  'balancer-address-differs':
    'the engine of {node} lists {subject} with {expected}, its namespace has {observed}',
  'attachment-differs': '{subject} is on {observed}, service inspect of {service} says {expected}',
  'network-interface-missing': '{subject} has no interface on {network} ({expected})',
  'network-interface-not-single': '{subject} has several interfaces on {network}: {observed}',
  'interface-unexpected': '{subject} has an unexpected interface: {observed}',
  'address-missing': '{subject} has no address on {network}',
  'reached-without-network':
    '{protocol} reached the task at {address} of {network}, which the sender is not on',
  'subnet-not-stated': '{node} states no {subject} of {network}',
  'address-without-attachment':
    '{subject} has the address {address} of {network}, which its service is not attached to',
  'larger-than-recommended':
    'size-limitation warning: {network} is {subject} ({observed} addresses, recommended are at most {expected}), as {node} lists it',
  'placed-against-constraint': '{subject} runs on a {observed}, its constraint says {expected}',
  'outsider-knows-network': '{node}, which is in no swarm, lists {network}',
  'outsider-shown-network': '{node}, which is in no swarm, shows {network}',
  'outsider-joined-network': '{node}, which is in no swarm, ran a container on {network}',
  'namespace-left': '{node} still has the namespace {subject} of {network}, which was removed',
  'vxlan-device-left': '{node} still has the VXLAN device {subject} of {network}, which was removed',
  'address-left': '{node} still has {subject} with {address} of {network}, which was removed',
  'forwarding-entry-left':
    '{node} still has a forwarding entry of {address} in {subject} for {network}, which was removed',
  'ipsec-state-left': '{node} has the IPsec state {subject}, which was not there before',
  'ipsec-policy-left': '{node} has the IPsec policy {subject}, which was not there before',
  'former-network-gone': '{node} no longer lists {network}, which nobody removed',
  'datagrams-lost': '{observed} of {expected} datagrams of {protocol} arrived',
  'datagrams-doubled': '{observed} of {expected} datagrams of {protocol} arrived more than once',
  'datagrams-overtaken': '{observed} of {expected} datagrams of {protocol} arrived behind later ones',
} as const
