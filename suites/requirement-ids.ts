const counts: Readonly<Record<string, number>> = {
  CTL: 13,
  OVL: 18,
  VXL: 9,
  ENC: 10,
  MTU: 6,
  DSC: 7,
  LB: 5,
  ING: 13,
  GWB: 5,
  ADR: 4,
  RES: 5,
}

/** Every id there must be a test for. Ids are stable: one may be added, none is ever dropped or given anew. */
export const requirementIds: readonly string[] = Object.entries(counts).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}-${String(index + 1).padStart(2, '0')}`),
)
