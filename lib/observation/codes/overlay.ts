/** Of the group's requirements alone. */
export const overlayCodes = {} as const
