import type { KernelFiles } from './kernel-files.ts'

/** As `sysctl` takes it: an interface such as `eth0.100` has dots of its own. */
export function typedSetting(setting: string): string {
  const [, device = '', what = ''] = /^net\.ipv4\.conf\.(.+)\.(\w+)$/.exec(setting) ?? []
  return device.includes('.') ? `net/ipv4/conf/${device}/${what}` : setting
}

/** KernelSettings of sysctl by name (`net.ipv4.ip_forward`), as text. */
export type KernelSettings = Readonly<Record<string, string>>

/** A line of a file of sysctl. */
export interface SettingFile {
  readonly file: string
  /** `net.ipv4.ip_forward` */
  readonly setting: string
  readonly value: string
}

/** In every namespace. Those of IPVS are there where `ip_vs` is. */
export const settingsOfNamespaces: readonly string[] = [
  'net.ipv4.ip_default_ttl',
  'net.ipv4.ip_forward',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.vs.conntrack',
  'net.ipv4.vs.conn_reuse_mode',
  'net.ipv4.vs.expire_nodest_conn',
  'net.ipv4.vs.expire_quiescent_template',
  'net.netfilter.nf_conntrack_count',
  'net.netfilter.nf_conntrack_max',
]

/** In the host’s own; `*` stands for its interfaces, `all` and `default`. */
export const settingsOfHost: readonly string[] = [
  'net.bridge.bridge-nf-call-iptables',
  'net.core.netdev_max_backlog',
  'net.core.rmem_max',
  'net.ipv4.conf.*.forwarding',
  'net.ipv4.conf.*.rp_filter',
  'net.ipv4.neigh.default.gc_thresh1',
  'net.ipv4.neigh.default.gc_thresh2',
  'net.ipv4.neigh.default.gc_thresh3',
]

const folder = '/proc/sys/'

/** Where the kernel has it. */
export function settingPath(setting: string): string {
  return folder + setting.replaceAll('.', '/')
}

/** Undefined where none was read. Of interfaces, and of the TTL, only what is not as the kernel makes it. */
export function parseSettings(files: KernelFiles): KernelSettings | undefined {
  const found = [...files]
    .filter(([path]) => path.startsWith(folder))
    .map(([path, lines]): [string, string] => [
      path.slice(folder.length).replaceAll('/', '.'),
      lines.join(' ').replaceAll(/\s+/g, ' ').trim().slice(0, 40),
    ])
  return found.length === 0 ? undefined : Object.fromEntries(found.filter(isTelling))
}

/** Linux, include/uapi/linux/ip.h: IPDEFTTL. */
const usualTtl = '64'

/** A host may have a thousand interfaces. */
function isTelling([name, value]: [string, string]): boolean {
  if (!name.startsWith('net.')) return false
  if (name === 'net.ipv4.ip_default_ttl') return value !== usualTtl
  if (!/^net\.ipv4\.conf\./.test(name) || /\.(all|default)\./.test(name)) return true
  return name.endsWith('.rp_filter') ? value === '1' : value === '0'
}

/** `FILE:net.ipv4.ip_forward = 0`, as `grep -H` prints it, in the order they are applied. */
export function parseSettingFiles(lines: readonly string[]): SettingFile[] {
  return lines.flatMap((line) => {
    const [, file, setting, value] = /^(\/[^:]+):\s*-?([\w./*-]+)\s*=\s*(\S+)/.exec(line) ?? []
    return file === undefined || setting === undefined || value === undefined
      ? []
      : [{ file, setting: setting.replaceAll('/', '.'), value: value.slice(0, 40) }]
  })
}

/** As Perl reads it: the settings above and those that matter in files only, with dots or slashes between their words. */
export const settingPattern: string = [...settingsOfNamespaces, ...settingsOfHost]
  .filter((name) => !name.endsWith('_count'))
  .map((name) => name.replaceAll('*', '[^[:space:]=]+').replaceAll('.', '[./]'))
  .join('|')
