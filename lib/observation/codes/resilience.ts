/** Of the group's requirements alone. */
export const resilienceCodes = {} as const
