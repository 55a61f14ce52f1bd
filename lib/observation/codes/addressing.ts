/** Of the group's requirements alone. */
export const addressingCodes = {} as const
