/** Of the group's requirements alone. */
export const ingressCodes = {} as const
