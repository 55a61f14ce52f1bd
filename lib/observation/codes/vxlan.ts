/** Of the group's requirements alone. */
export const vxlanCodes = {} as const
