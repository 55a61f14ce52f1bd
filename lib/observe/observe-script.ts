import type { Script } from '../script.ts'
import { perlFile, scriptFile } from '../script-file.ts'
import { kernelWords } from './kernel-events.ts'
import { seed } from './known-rules.ts'
import { settingsOfHost, settingsOfNamespaces, settingPath, settingPattern } from './settings.ts'

/** Kernel modules swarm needs, or may need for its encryption rules. */
export const wantedModules = [
  'vxlan',
  'bridge',
  'veth',
  'br_netfilter',
  'ip_vs',
  'ip_vs_rr',
  'esp4',
  'xfrm_user',
  'xt_bpf',
  'xt_u32',
] as const

/** Read in every namespace, in one process. */
const files = ['/proc/net/snmp', '/proc/net/stat/nf_conntrack', ...settingsOfNamespaces.map(settingPath)]

/** In the host’s own as well. */
const hostFiles = [
  ...['/proc/net/netstat', '/proc/net/xfrm_stat', '/proc/net/softnet_stat', '/proc/net/stat/arp_cache'],
  ...['/proc/loadavg', '/proc/stat', '/proc/uptime', '/proc/pressure/cpu', '/proc/sys/kernel/random/boot_id'],
  ...settingsOfHost.map(settingPath),
]

export interface ObserveOptions {
  /** Processes whose network namespaces are wanted, too. */
  readonly pids?: readonly number[]
  /** Numbers of rules that need not be printed again, see `known-rules.ts`. */
  readonly known?: readonly string[]
  /** Interfaces, neighbours, routes, forwarding and IPsec alone; or the rules of the host's own firewall. */
  readonly only?: 'devices' | 'rules' | undefined
}

/**
 * What is run on a host to read its kernel state: Perl, as the agents are, with nothing but the interpreter.
 *
 * It prints sections, see `execSections`. Processes are counted, because on an emulated host each costs 30 ms or more: one
 * enters all namespaces, and asks the kernel by netlink. `ss` is not used: it makes the kernel load modules, and this must
 * not change a host.
 *
 * A container sees neither what is built into the kernel nor what could be loaded: who made it left a list of what
 * works there, found by trying.
 *
 * Keys: the secret field of every `ip xfrm state` line that has one is cut out before the output leaves the
 * host, and so is any hexadecimal number longer than an SPI. Not every iproute2 knows `nokeys`.
 */
export function observeScript({ pids = [], known = [], only }: ObserveOptions = {}): Script {
  const given = {
    files: files.join(' '),
    host_files: hostFiles.join(' '),
    kernel_words: kernelWords,
    settings: settingPattern,
    wanted: wantedModules.join(' '),
    pids: pids.join(' '),
    known: known.join(' '),
    seed,
    only: only ?? '',
  }
  return scriptFile(
    import.meta.url,
    'observe.sh',
    { program: perlFile(import.meta.url, 'observe.pl') },
    Object.entries(given).map(([name, value]) => `${name}=${value}`),
  )
}
