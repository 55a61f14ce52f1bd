/** Of the group's requirements alone. */
export const gatewayCodes = {} as const
