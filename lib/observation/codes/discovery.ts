/** Of the group's requirements alone. */
export const discoveryCodes = {} as const
