/** Of the group's requirements alone. */
export const overlayCodes = {
  'reached-without-network':
    '{protocol} reached the task at {address} of {network}, which the sender is not on',
  'subnet-not-stated': '{node} states no {subject} of {network} although a task is attached',
  'address-without-attachment':
    '{subject} has the address {address} of {network}, which its service is not attached to',
  'attached-several-times': '{subject} has {observed} interfaces on {network}',
  'interface-without-network': '{subject} has an interface that belongs to none of its networks: {observed}',
  'namespace-left': '{node} still has the namespace {subject} of {network}, which was removed',
  'vxlan-device-left': '{node} still has the VXLAN device {subject} of {network}, which was removed',
  'address-left': '{node} still has {subject} with {address} of {network}, which was removed',
  'forwarding-entry-left':
    '{node} still has a forwarding entry of {address} in {subject} for {network}, which was removed',
  'ipsec-state-left': '{node} has the IPsec state {subject}, which was not there before',
  'ipsec-policy-left': '{node} has the IPsec policy {subject}, which was not there before',
  'former-network-gone': '{node} no longer lists {network}, which nobody removed',
} as const
