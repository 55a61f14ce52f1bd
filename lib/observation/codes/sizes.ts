/** Of the group's requirements alone. */
export const sizeCodes = {} as const
