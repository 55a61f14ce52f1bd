import { type Script, scriptLines, sh } from '../script.ts'
import type { Host } from '../host/host.ts'
import { shell } from './shell.ts'

/** A rule to insert: where, and what `iptables` is given behind the chain. */
export interface PlantedRule {
  /** Default `filter`. */
  readonly table?: string
  readonly chain: string
  readonly rule: Script
}

/** Inserts firewall rules at the top of their chains and returns how to delete them again. */
export async function plantRules(
  host: Host,
  rules: readonly PlantedRule[],
  namespace = '',
): Promise<() => Promise<void>> {
  const enter = namespace === '' ? sh`` : sh`nsenter --net=${namespace} `
  const command = (flag: '-I' | '-D'): Script =>
    scriptLines(
      rules.map(
        ({ table = 'filter', chain, rule }) => sh`${enter}iptables -w -t ${table} ${flag} ${chain} ${rule}`,
      ),
    )
  await shell(host, command('-I'))
  return async () => void (await shell(host, command('-D')))
}
