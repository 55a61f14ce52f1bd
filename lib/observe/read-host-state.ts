import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { neighbourEntries, parseCounters } from './counters.ts'
import { readFdb } from './fdb.ts'
import { parseFirewall, parseFirewallBackend, parsePolicies } from './firewall.ts'
import type {
  DevicesState,
  DeviceTables,
  HostState,
  NamespaceState,
  RulesState,
  Unavailable,
} from './host-state.ts'
import { parseHostLoad } from './host-load.ts'
import { parseIpvs } from './ipvs.ts'
import { parseKernelEvents } from './kernel-events.ts'
import { type KernelFiles, parseKernelFiles } from './kernel-files.ts'
import {
  countedRules,
  keepRules,
  type KnownRules,
  knownRulesOf,
  parseRuleCounts,
  type RuleCounts,
} from './known-rules.ts'
import { parseModules } from './kernel-module.ts'
import { readLinks } from './link.ts'
import { parseListeners } from './listener.ts'
import { readNeighbours } from './neighbour.ts'
import { readNetlink, readNetlinkOf } from './netlink.ts'
import { parseNftables } from './nftables.ts'
import { observeScript } from './observe-script.ts'
import { parseRoutingRules } from './policy-routing.ts'
import { parseRoutingTables } from './routing-table.ts'
import { parseQueueing } from './queueing.ts'
import { readRefusingRoutes, readRoutes } from './route.ts'
import { describeLastSection, execSections, type Section, type Sections } from '../remote/sections.ts'
import type { Script } from '../script.ts'
import { parseSettingFiles, parseSettings, settingPath } from './settings.ts'
import { parseSecurityAssociations, parseSecurityPolicies } from './xfrm.ts'

export interface ReadOptions {
  /** Processes whose network namespace is wanted too, see `HostState.namespaceOf`. */
  readonly pids?: readonly number[]
  /** Default 120 000: hosts that are short of processors take a minute. */
  readonly timeoutMs?: number
}

/** Reads a host's kernel state in one remote call. Throws only if the call itself failed. */
export async function readHostState(host: Host, options: ReadOptions = {}): Promise<HostState> {
  const pids = (options.pids ?? []).filter((pid) => Number.isInteger(pid) && pid > 0)
  const before = knownRulesOf(host.remote)
  const rules: KnownRules = new Map()
  const state = await readState(host, observeScript({ pids, known: [...before.keys()] }), {
    ...options,
    rules: { before, now: rules },
  })
  keepRules(host.remote, rules)
  return state
}

/** As `readHostState`, with a third of the processes: interfaces, neighbours, routes, forwarding and IPsec alone. */
export async function readDevices(host: Host): Promise<DevicesState> {
  const state = await readState(host, observeScript({ only: 'devices' }))
  const { takenAt, securityAssociations, securityPolicies, unavailable } = state
  return {
    ...{ host: host.name, takenAt, securityAssociations, securityPolicies, unavailable },
    root: deviceTables(state.root),
    namespaces: Object.fromEntries(
      Object.entries(state.namespaces).map(([name, one]) => [name, deviceTables(one)]),
    ),
  }
}

/** As `readHostState`, with the rules of the host's own firewall alone. */
export async function readRules(host: Host): Promise<RulesState> {
  const before = knownRulesOf(host.remote)
  const script = observeScript({ known: [...before.keys()], only: 'rules' })
  const { takenAt, root, firewallBackend, nftables, unavailable } = await readState(host, script, {
    rules: { before, now: new Map() },
  })
  const { inode, firewall, policies } = root
  return {
    ...{ host: host.name, takenAt, firewallBackend, unavailable },
    ...(nftables === undefined ? {} : { nftables }),
    root: { inode, firewall, ...(policies === undefined ? {} : { policies }) },
  }
}

function deviceTables({ inode, links, routes, neighbours, fdb }: NamespaceState): DeviceTables {
  return { inode, links, routes, neighbours, fdb }
}

interface StateOptions {
  readonly timeoutMs?: number
  readonly rules?: RulesOfHost
}

/** Rules that the host was told of, and a place for those it has now. */
interface RulesOfHost {
  readonly before: KnownRules
  readonly now: KnownRules
}

async function readState(
  host: Host,
  script: Script,
  { timeoutMs = 120_000, rules }: StateOptions = {},
): Promise<HostState> {
  const { result, sections } = await execSections(host.remote, script, { timeoutMs, idempotent: true })
  if (result.stdout === '') {
    throw new SwarmproofError({
      code: 'OBSERVE_FAILED',
      what: 'the kernel state could not be read',
      host: host.name,
      observed: `exit code ${result.exitCode}: ${result.stderr.trim().slice(-400)}`,
      hint: 'the host needs a POSIX shell, and Perl on x86-64, AArch64 or RISC-V',
    })
  }
  return parseHostState(host.name, sections, rules)
}

/**
 * What the script printed as data.
 * @param rules undefined where none were named to the host
 * @throws SwarmproofError `OBSERVE_TRUNCATED` where it was cut off; `NOT_AN_IDENTIFIER` where it holds what no kernel says
 */
export function parseHostState(host: string, sections: Sections, rules?: RulesOfHost): HostState {
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
  const { namespaces, refused } = readNamespaces(host, all, inodes, rules)
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
    ...(hostNft === undefined ? {} : { nftables: parseNftables(hostNft.lines[0], firewallOfHost(all)) }),
    settingFiles: parseSettingFiles(lines('setting-files')),
    ...hostConditions(host, all),
    listeners: parseListeners(lines('sockets')),
    unavailable: [...absences(all), ...refused],
  }
}

/** What `iptables-save` printed of the host's own namespace, which is the first; nothing where its rules were known. */
function firewallOfHost(all: readonly Section[]): readonly string[] {
  const others = all.findIndex(({ name, argument }) => name === 'namespace' && argument !== '-')
  return all.slice(0, others < 0 ? all.length : others).find(({ name }) => name === 'firewall')?.lines ?? []
}

/** What the host's own namespace alone has. */
function hostConditions(
  host: string,
  all: readonly Section[],
): Pick<
  HostState,
  | 'bootId'
  | 'routingRules'
  | 'refusingRoutes'
  | 'routingTables'
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
  const rules = parseRoutingRules(find('routing-rules')?.[0])
  const netlink = find('netlink')
  const ofRules = new Map(
    all.flatMap(({ name, argument, lines }) =>
      name === 'table-routes' ? [[argument, lines[0]] as const] : [],
    ),
  )
  const ways = parseRoutingTables(find('ways-out')?.[0], find('gateway-routes')?.[0], host, ofRules)
  const queueing = find('queueing')
  const bootId = files.get('/proc/sys/kernel/random/boot_id')?.[0]
  const uptime = Number(files.get('/proc/uptime')?.[0]?.split(' ')[0])
  const neighbours = neighbourEntries(files)
  const load = parseHostLoad(files)
  const log = find('kernel-log')
  return {
    ...(bootId === undefined ? {} : { bootId: bootId.slice(0, 36) }),
    ...(rules === undefined ? {} : { routingRules: rules }),
    ...(netlink === undefined
      ? {}
      : { refusingRoutes: readRefusingRoutes(readNetlinkOf('routes', netlink, host), host) }),
    ...(ways === undefined ? {} : { routingTables: ways }),
    ...(queueing === undefined ? {} : { queueing: parseQueueing(queueing[0], host) }),
    ...(neighbours === undefined ? {} : { neighbourEntries: neighbours }),
    ...(load === undefined ? {} : { load }),
    ...(Number.isFinite(uptime) ? { uptimeSeconds: uptime } : {}),
    ...(log === undefined ? {} : { events: parseKernelEvents(log) }),
  }
}

/**
 * Namespaces by file name; the host's own is `-`. One that could not be entered, or has ended, is left out, and so is one that
 * holds what cannot be read, such as the name that a container gave an interface: it is told in `refused`.
 */
function readNamespaces(
  host: string,
  sections: readonly Section[],
  inodes: Readonly<Record<string, string>>,
  rules: RulesOfHost = { before: new Map(), now: new Map() },
): {
  readonly namespaces: Readonly<Record<string, NamespaceState>>
  readonly refused: readonly Unavailable[]
} {
  const found: Record<string, NamespaceState> = {}
  const refused: Unavailable[] = []
  let name: string | undefined
  let path = '-'
  let counted: Counted | undefined
  for (const { name: kind, argument, lines } of sections) {
    if (kind === 'namespace') {
      path = argument
      name = argument.slice(argument.lastIndexOf('/') + 1)
      found[name] = emptyNamespace(inodes[name === '-' ? '/proc/self/ns/net' : argument] ?? '')
      counted = undefined
    } else if (kind === 'unreadable' || kind === 'ended') {
      delete found[argument.slice(argument.lastIndexOf('/') + 1)]
    } else if (kind === 'changed') {
      rules.now.delete(argument)
    } else if (name !== undefined && found[name] !== undefined) {
      if (kind === 'counts') counted = { number: argument, counts: parseRuleCounts(lines) }
      try {
        const table = readTable(host, kind, lines)
        found[name] = {
          ...(found[name] as NamespaceState),
          ...table,
          ...(kind === 'counts' || (kind === 'firewall' && lines.every(isReadable))
            ? rulesAgain(host, counted, table, rules)
            : {}),
        }
      } catch (error) {
        if (name === '-' || !(error instanceof SwarmproofError)) throw error
        delete found[name]
        refused.push({ what: `namespace ${path}`, tool: 'perl', package: '' })
      }
    }
  }
  return { namespaces: found, refused }
}

/** `iptables-save` says of a table into which nft wrote that it is incompatible, and nothing of its rules. */
const isReadable = (line: string): boolean => !line.startsWith('# Table')

interface Counted {
  readonly number: string
  readonly counts: RuleCounts
}

/**
 * Rules that the host was told of come without their text; those that it printed are kept, where what they counted is
 * indeed of them, for the next time.
 */
function rulesAgain(
  host: string,
  counted: Counted | undefined,
  { firewall, policies = [] }: Partial<NamespaceState>,
  { before, now }: RulesOfHost,
): Partial<NamespaceState> {
  if (counted === undefined) return {}
  const saved = firewall === undefined ? before.get(counted.number) : { firewall, policies }
  const again = saved === undefined ? undefined : countedRules(saved, counted.counts)
  if (again !== undefined) now.set(counted.number, again)
  if (firewall !== undefined || saved === undefined) return {}
  if (again !== undefined) return again
  throw new SwarmproofError({
    code: 'RULES_MISCOUNTED',
    what: 'what the firewall rules of a namespace counted could not be read',
    host,
    expected: `counts of ${saved.firewall.length} rules, as when it was looked at before`,
    observed: 'counts of other rules',
    hint: 'run the command again; if it repeats, the output of the host is changed on its way',
  })
}

function readTable(host: string, kind: string, lines: readonly string[]): Partial<NamespaceState> {
  switch (kind) {
    case 'netlink':
      return readNetlinkTables(host, lines)
    case 'ipvs':
      return { ipvs: parseIpvs(lines) }
    case 'firewall':
      return { firewall: parseFirewall(lines), policies: parsePolicies(lines) }
    case 'namespace-nft':
      return { nftables: parseNftables(lines[0]) }
    case 'files':
      return readFiles(parseKernelFiles(lines))
    default:
      return {}
  }
}

function readNetlinkTables(host: string, lines: readonly string[]): Partial<NamespaceState> {
  const { links, addresses, neighbours, routes, fdb } = readNetlink(lines, host)
  return {
    links: readLinks(links, addresses, host),
    neighbours: readNeighbours(neighbours, links, host),
    routes: readRoutes(routes, links, host),
    fdb: readFdb(fdb, links, host),
  }
}

function readFiles(files: KernelFiles): Partial<NamespaceState> {
  const [settings, counters] = [parseSettings(files), parseCounters(files)]
  const forwards = files.get(settingPath('net.ipv4.ip_forward'))?.[0]
  return {
    ...(forwards === undefined ? {} : { forwards: forwards.trim() === '1' }),
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
      return [{ what: `namespace ${section.argument}`, tool: 'perl', package: '' }]
    }
    return []
  })
}
