import type { FirewallRule, IpvsService, NamespaceState } from '../../lib/observe/host-state.ts'

/** A task as a balancer should know it. */
export interface Backend {
  readonly name: string
  readonly address: string
}

/** The firewall mark a namespace gives to packets for a VIP. */
export function markOfVip(firewall: readonly FirewallRule[], vip: string): number | undefined {
  return markOf(firewall, (rule) => new RegExp(`(^| )-d ${vip.replaceAll('.', '\\.')}(/32)?( |$)`).test(rule))
}

/** The firewall mark a namespace gives to packets for a published port, in mangle PREROUTING. */
export function markOfPort(
  firewall: readonly FirewallRule[],
  port: { readonly protocol: string; readonly publishedPort: number },
): number | undefined {
  const wanted = new RegExp(`--dport ${port.publishedPort}( |$)`)
  return markOf(
    firewall.filter(({ chain }) => chain === 'PREROUTING'),
    (rule) => new RegExp(`(^| )-p ${port.protocol}( |$)`).test(rule) && wanted.test(rule),
  )
}

function markOf(firewall: readonly FirewallRule[], matches: (rule: string) => boolean): number | undefined {
  for (const { table, rule } of firewall) {
    const mark = /-j MARK --set-x?mark (0x[0-9a-f]+|\d+)/.exec(rule)?.[1]
    if (table === 'mangle' && mark !== undefined && matches(rule)) return Number(mark)
  }
  return undefined
}

/** What is wrong with the IPVS service of a mark, in words: it must list exactly the backends, round robin, in use. */
export function balancerProblems(
  { ipvs }: Pick<NamespaceState, 'ipvs'>,
  mark: number,
  backends: readonly Backend[],
): string[] {
  const service: IpvsService | undefined = ipvs.find(({ firewallMark }) => firewallMark === mark)
  if (service === undefined) return [`no IPVS service for firewall mark ${mark}`]
  const { scheduler, destinations } = service
  const problems = scheduler === 'rr' ? [] : [`scheduler ${scheduler}, expected rr`]
  for (const { name, address } of backends) {
    const known = destinations.filter((destination) => destination.address === address)
    if (known.length === 0) problems.push(`does not list ${name} (${address})`)
    if (known.some(({ weight }) => weight === 0)) problems.push(`lists ${name} (${address}) with weight 0`)
  }
  return [
    ...problems,
    ...destinations
      .filter(({ address }) => !backends.some((backend) => backend.address === address))
      .map(({ address }) => `lists ${address}, which is no running task of the service`),
  ]
}
