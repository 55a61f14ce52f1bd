/** Groups of requirements, by the part of an id before its dash. */
export const groupTitles = {
  CTL: 'Control plane and ports',
  OVL: 'Overlay networks',
  VXL: 'VXLAN encapsulation',
  ENC: 'Encryption of application data',
  MTU: 'Packet sizes',
  DSC: 'Service discovery',
  LB: 'Internal load balancing',
  ING: 'Ingress routing mesh',
  GWB: 'docker_gwbridge',
  ADR: 'Addressing',
  RES: 'Resilience',
} as const

/** Of a stored run, whose groups another version may not have: the group itself then. */
export function groupTitle(group: string): string {
  return isKnown(group) ? groupTitles[group] : group
}

function isKnown(group: string): group is keyof typeof groupTitles {
  return Object.hasOwn(groupTitles, group)
}
