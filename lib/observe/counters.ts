import type { KernelFiles } from './kernel-files.ts'

/**
 * Counters of a network namespace that say where packets ended, by name: `Ip.InDiscards`, `Udp.InCsumErrors`,
 * `xfrm.InNoStates`, `conntrack.drop`, `softnet.dropped`. They only rise, until a boot; those that are 0 are left out.
 */
export type Counters = Readonly<Record<string, number>>

/** Of /proc/net/snmp and netstat: what was refused, lost or broken; the rest is volume. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  Ip: [
    ...['InHdrErrors', 'InAddrErrors', 'InUnknownProtos', 'InDiscards', 'OutDiscards', 'OutNoRoutes'],
    ...['ReasmTimeout', 'ReasmFails', 'FragFails'],
  ],
  Icmp: ['InErrors', 'InCsumErrors'],
  Tcp: ['InErrs', 'InCsumErrors', 'RetransSegs', 'OutRsts'],
  Udp: ['NoPorts', 'InErrors', 'RcvbufErrors', 'SndbufErrors', 'InCsumErrors'],
  IpExt: ['InNoRoutes', 'InTruncatedPkts', 'InCsumErrors'],
  TcpExt: ['ListenOverflows', 'ListenDrops', 'IPReversePathFilter', 'PFMemallocDrop', 'TCPBacklogDrop'],
}

/** Undefined where none of the files was read. */
export function parseCounters(files: KernelFiles): Counters | undefined {
  const parts = [
    pairedLines(files.get('/proc/net/snmp')),
    pairedLines(files.get('/proc/net/netstat')),
    xfrmCounters(files.get('/proc/net/xfrm_stat')),
    softnetCounters(files.get('/proc/net/softnet_stat')),
    perProcessor('neighbours', ['table_fulls', 'unresolved_discards'], files.get('/proc/net/stat/arp_cache')),
    perProcessor(
      'conntrack',
      ['invalid', 'insert_failed', 'drop', 'early_drop'],
      files.get('/proc/net/stat/nf_conntrack'),
    ),
  ].flatMap((part) => part ?? [])
  if (parts.length === 0) return undefined
  return Object.fromEntries(parts.filter(([, count]) => Number.isSafeInteger(count) && count > 0))
}

/** How many entries the neighbour tables of all namespaces hold together. */
export function neighbourEntries(files: KernelFiles): number | undefined {
  const [head, first] = files.get('/proc/net/stat/arp_cache') ?? []
  // Every processor’s line has the same total.
  const at = head?.trim().split(/\s+/).indexOf('entries') ?? -1
  const text = first?.trim().split(/\s+/)[at]
  return text === undefined ? undefined : Number.parseInt(text, 16)
}

type Pair = [string, number]

/** A line of names, then one of numbers, both beginning with the protocol. */
function pairedLines(lines: readonly string[] | undefined): Pair[] | undefined {
  return lines?.flatMap((line, index) => {
    const [protocol = '', ...names] = line.split(' ')
    const [same, ...numbers] = lines[index + 1]?.split(' ') ?? []
    const of = wanted[protocol.slice(0, -1)]
    if (of === undefined || same !== protocol || /^-?\d+$/.test(names[0] ?? '')) return []
    return names.flatMap((name, at): Pair[] =>
      of.includes(name) ? [[`${protocol.slice(0, -1)}.${name}`, Number(numbers[at])]] : [],
    )
  })
}

/** `XfrmInNoStates  3` */
function xfrmCounters(lines: readonly string[] | undefined): Pair[] | undefined {
  return lines?.flatMap((line): Pair[] => {
    const [, name, count] = /^Xfrm(\w+)\s+(\d+)$/.exec(line) ?? []
    return name === undefined ? [] : [[`xfrm.${name}`, Number(count)]]
  })
}

/** Hexadecimal columns, a line for each processor: processed, dropped, squeezed (net/core/net-procfs.c). */
function softnetCounters(lines: readonly string[] | undefined): Pair[] | undefined {
  if (lines === undefined) return undefined
  const sum = (column: number): number =>
    lines.reduce((total, line) => total + Number.parseInt(line.trim().split(/\s+/)[column] ?? '0', 16), 0)
  return [
    ['softnet.dropped', sum(1)],
    ['softnet.squeezed', sum(2)],
  ]
}

/** A line of names, then hexadecimal numbers for each processor. */
function perProcessor(
  prefix: string,
  columns: readonly string[],
  lines: readonly string[] | undefined,
): Pair[] | undefined {
  if (lines === undefined) return undefined
  const [head = '', ...rows] = lines.map((line) => line.trim().split(/\s+/))
  return columns.flatMap((column): Pair[] => {
    const at = head.indexOf(column)
    if (at < 0) return []
    return [
      [`${prefix}.${column}`, rows.reduce((total, row) => total + Number.parseInt(row[at] ?? '0', 16), 0)],
    ]
  })
}

/** How much a counter rose; undefined where one of the two was not read, or the host was booted in between. */
export function risenBetween(
  before: Counters | undefined,
  after: Counters | undefined,
  name: string,
): number | undefined {
  if (before === undefined || after === undefined) return undefined
  const risen = (after[name] ?? 0) - (before[name] ?? 0)
  return risen < 0 ? undefined : risen
}
