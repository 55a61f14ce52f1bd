/** Of the control plane and the ports between nodes. */
export const controlPlaneCodes = {
  'data-never-left': 'no {protocol} left {from} for {to}',
  'data-lost-on-the-way': 'of {expected} {protocol} packets that left {from}, none arrived at {to}',
} as const
