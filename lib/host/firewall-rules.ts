import type { Host } from './host.ts'
import { shell } from './shell.ts'

/** Inserts firewall rules at the top of their chains and returns how to delete them again. */
export async function plantRules(
  host: Host,
  rules: readonly { readonly table?: string; readonly chain: string; readonly rule: string }[],
  namespace = '',
): Promise<() => Promise<void>> {
  const enter = namespace === '' ? '' : `nsenter --net=${namespace} `
  const command = (flag: '-I' | '-D'): string =>
    rules
      .map(({ table, chain, rule }) => `${enter}iptables -w -t ${table ?? 'filter'} ${flag} ${chain} ${rule}`)
      .join('\n')
  await shell(host, command('-I'))
  return async () => void (await shell(host, command('-D')))
}
