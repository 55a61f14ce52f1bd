/** Of the group's requirements alone. */
export const overlayCodes = {
  'reached-without-network':
    '{protocol} reached the task at {address} of {network}, which the sender is not on',
  'subnet-not-stated': '{node} states no {subject} of {network} although a task is attached',
  'address-without-attachment':
    '{subject} has the address {address} of {network}, which its service is not attached to',
  'attached-several-times': '{subject} has {observed} interfaces on {network}',
  'interface-without-network': '{subject} has an interface that belongs to none of its networks: {observed}',
} as const
