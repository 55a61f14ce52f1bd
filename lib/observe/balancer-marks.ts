import type { FirewallRule } from './host-state.ts'

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
