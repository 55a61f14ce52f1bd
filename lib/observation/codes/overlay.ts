/** Of the group's requirements alone. */
export const overlayCodes = {
  'reached-without-network':
    '{protocol} reached the task at {address} of {network}, which the sender is not on',
} as const
