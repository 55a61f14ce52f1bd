import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { neighbourEntries, parseCounters } from './counters.ts'
import { parseFdb } from './fdb.ts'
import { parseFirewall, parseFirewallBackend, parsePolicies } from './firewall.ts'
import type { HostState, NamespaceState, Unavailable } from './host-state.ts'
import { parseHostLoad } from './host-load.ts'
import { parseIpvs } from './ipvs.ts'
import { parseKernelEvents } from './kernel-events.ts'
import { type KernelFiles, parseKernelFiles } from './kernel-files.ts'
import { parseModules } from './kernel-module.ts'
import { parseLinks } from './link.ts'
import { parseListeners } from './listener.ts'
import { parseNeighbours } from './neighbour.ts'
import { parseNftables } from './nftables.ts'
import { observeScript } from './observe-script.ts'
import { parseRoutingRules, parseTableRoutes } from './policy-routing.ts'
import { parseQueueing } from './queueing.ts'
import { parseRoutes } from './route.ts'
import { describeLastSection, execSections, type Section, type Sections } from '../remote/sections.ts'
import { parseSettingFiles, parseSettings } from './settings.ts'
import { parseSecurityAssociations, parseSecurityPolicies } from './xfrm.ts'

export interface ReadOptions {
  /** Processes whose network namespace is wanted too, see `HostState.namespaceOf`. */
  readonly pids?: readonly number[]
  /** Default 60 000. */
  readonly timeoutMs?: number
}

/** Reads a host's kernel state in one remote call. Throws only if the call itself failed. */
export async function readHostState(host: Host, options: ReadOptions = {}): Promise<HostState> {
  const pids = (options.pids ?? []).filter((pid) => Number.isInteger(pid) && pid > 0)
  const { result, sections } = await execSections(host.remote, observeScript(pids), {
    timeoutMs: options.timeoutMs ?? 60_000,
    idempotent: true,
  })
  if (result.stdout === '') {
    throw new SwarmproofError({
      code: 'OBSERVE_FAILED',
      what: 'the kernel state could not be read',
      host: host.name,
      observed: `exit code ${result.exitCode}: ${result.stderr.trim().slice(-400)}`,
      hint: 'the host needs a POSIX shell and coreutils or busybox',
    })
  }
  return parseHostState(host.name, sections)
}

/**
 * What the script printed as data.
 * @throws SwarmproofError `OBSERVE_TRUNCATED` where it was cut off; `NOT_AN_IDENTIFIER` where it holds what no kernel says
 */
export function parseHostState(host: string, sections: Sections): HostState {
  if (!sections.complete) {
    throw new SwarmproofError({
      code: 'OBSERVE_TRUNCATED',
      what: 'reading the kernel state ended early',
      host,
      expected: 'output up to its end mark',
      observed: describeLastSection(sections),
      hint: 'run the command again; if it repeats, look at the free memory and at the load of the host',
    })
  }
  const { all } = sections
  const lines = (name: string): readonly string[] => sections.lines(name)
  const hostNft = all.find(({ name }) => name === 'nft')
  const inodes = readInodes(lines('inodes'))
  const namespaces = readNamespaces(host, all, inodes)
  const modules = parseModules(lines('modules'))
  const { '-': root, ...others } = namespaces
  return {
    host,
    takenAt: lines('clock')[0] ?? '',
    root: root ?? emptyNamespace(inodes['/proc/self/ns/net'] ?? ''),
    namespaces: others,
    namespaceOf: Object.fromEntries(
      Object.entries(inodes).flatMap(([file, inode]) => {
        const pid = /^\/proc\/(\d+)\//.exec(file)?.[1]
        return pid === undefined ? [] : [[Number(pid), inode]]
      }),
    ),
    securityAssociations: parseSecurityAssociations(lines('xfrm-state'), host),
    securityPolicies: parseSecurityPolicies(lines('xfrm-policy'), host),
    firewallBackend: parseFirewallBackend(lines('backend')),
    kernelModules: modules.present,
    loadableModules: modules.loadable,
    ...(hostNft === undefined ? {} : { nftables: parseNftables(hostNft.lines[0], lines('firewall')) }),
    settingFiles: parseSettingFiles(lines('setting-files')),
    ...hostConditions(host, all),
    listeners: parseListeners(lines('sockets')),
    unavailable: absences(all),
  }
}

/** What the host's own namespace alone has. */
function hostConditions(
  host: string,
  all: readonly Section[],
): Pick<
  HostState,
  | 'bootId'
  | 'routingRules'
  | 'tableRoutes'
  | 'queueing'
  | 'neighbourEntries'
  | 'load'
  | 'uptimeSeconds'
  | 'events'
> {
  const find = (wanted: string): readonly string[] | undefined =>
    all.find(({ name }) => name === wanted)?.lines
  // The first namespace is the host's own.
  const files = parseKernelFiles(find('files') ?? [])
  const [rules, routes, queueing] = [find('routing-rules'), find('other-routes'), find('queueing')]
  const bootId = files.get('/proc/sys/kernel/random/boot_id')?.[0]
  const uptime = Number(files.get('/proc/uptime')?.[0]?.split(' ')[0])
  const neighbours = neighbourEntries(files)
  const load = parseHostLoad(files)
  const log = find('kernel-log')
  return {
    ...(bootId === undefined ? {} : { bootId: bootId.slice(0, 36) }),
    ...(rules === undefined ? {} : { routingRules: parseRoutingRules(rules[0]) }),
    ...(routes === undefined
      ? {}
      : { tableRoutes: parseTableRoutes(routes[0] ?? find('tables')?.[2], host) }),
    ...(queueing === undefined ? {} : { queueing: parseQueueing(queueing[0], host) }),
    ...(neighbours === undefined ? {} : { neighbourEntries: neighbours }),
    ...(load === undefined ? {} : { load }),
    ...(Number.isFinite(uptime) ? { uptimeSeconds: uptime } : {}),
    ...(log === undefined ? {} : { events: parseKernelEvents(log) }),
  }
}

/** Namespaces by file name; the host's own is `-`. One that could not be entered, or has ended, is left out. */
function readNamespaces(
  host: string,
  sections: readonly Section[],
  inodes: Readonly<Record<string, string>>,
): Readonly<Record<string, NamespaceState>> {
  const found: Record<string, NamespaceState> = {}
  let name: string | undefined
  for (const { name: kind, argument, lines } of sections) {
    if (kind === 'namespace') {
      name = argument.slice(argument.lastIndexOf('/') + 1)
      found[name] = emptyNamespace(inodes[name === '-' ? '/proc/self/ns/net' : argument] ?? '')
    } else if (kind === 'unreadable' || kind === 'ended') {
      delete found[argument.slice(argument.lastIndexOf('/') + 1)]
    } else if (name !== undefined && found[name] !== undefined) {
      found[name] = { ...(found[name] as NamespaceState), ...readTable(host, kind, lines) }
    }
  }
  return found
}

function readTable(host: string, kind: string, lines: readonly string[]): Partial<NamespaceState> {
  switch (kind) {
    case 'tables':
      return {
        links: parseLinks(lines[0], host),
        neighbours: parseNeighbours(lines[1], host),
        routes: parseRoutes(lines[2], host),
      }
    case 'fdb':
      return { fdb: parseFdb(lines[0], host) }
    case 'ipvs':
      return { ipvs: parseIpvs(lines) }
    case 'firewall':
      return { firewall: parseFirewall(lines), policies: parsePolicies(lines) }
    case 'namespace-nft':
      return { nftables: parseNftables(lines[0]) }
    case 'files':
      return readFiles(parseKernelFiles(lines))
    case 'forwards':
      return { forwards: lines[0]?.trim() === '1' }
    default:
      return {}
  }
}

function readFiles(files: KernelFiles): Partial<NamespaceState> {
  const [settings, counters] = [parseSettings(files), parseCounters(files)]
  return {
    ...(settings === undefined ? {} : { settings }),
    ...(counters === undefined ? {} : { counters }),
  }
}

function emptyNamespace(inode: string): NamespaceState {
  return { inode, links: [], routes: [], neighbours: [], fdb: [], ipvs: [], firewall: [] }
}

/** Inode by file; the same text as in `readlink /proc/PID/ns/net`. */
function readInodes(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const [inode = '', file = ''] = line.split(' ')
      return [file, `net:[${inode}]`]
    }),
  )
}

function absences(sections: readonly Section[]): readonly Unavailable[] {
  let namespace = '-'
  return sections.flatMap((section) => {
    if (section.name === 'namespace') namespace = section.argument
    if (section.name === 'missing') {
      const [tool = '', what = '', pkg = ''] = section.argument.split(' ')
      return [{ what: what.replaceAll(',', ', '), tool, package: pkg }]
    }
    if (section.name === 'failed') {
      const where = namespace === '-' ? "the host's own namespace" : namespace
      return [{ what: `output of ${section.argument} in ${where}`, tool: section.argument, package: '' }]
    }
    if (section.name === 'unreadable') {
      return [{ what: `namespace ${section.argument}`, tool: 'nsenter', package: '' }]
    }
    return []
  })
}
