/** Requirements that say less where all hosts share one kernel, each with the reason. */
export interface Weaker {
  readonly ids: readonly string[]
  readonly why: string
}

export const weakerRequirements: readonly Weaker[] = [
  {
    ids: ['CTL-04', 'CTL-07', 'VXL-01', 'ENC-01'],
    why: 'frames pass from host to host inside one kernel: no card, cable or switch is on the way',
  },
  {
    ids: ['MTU-02', 'MTU-03', 'MTU-04'],
    why: 'virtual interfaces hand frames over as they are: no offload of a card takes part, and none can break them',
  },
  {
    ids: ['ENC-07', 'ENC-08', 'ING-05', 'RES-05'],
    why: 'modules and firewall backends are those of the shared kernel: no host can lack or have another one',
  },
  {
    ids: ['LB-02', 'LB-05'],
    why: 'connection tracking and IPVS share their tables’ limits and defaults with the machine',
  },
  {
    ids: ['RES-03'],
    why: 'restarting a host restarts its processes and namespaces only: the kernel keeps running',
  },
]

/** One fact for the report. */
export function weakerFact(): string {
  return weakerRequirements.map(({ ids, why }) => `${ids.join(', ')}: ${why}`).join('; ')
}
