import { type Path, nodesOf } from '../../observation/problem.ts'
import type { CatalogEntry } from '../../observation/catalog-entry.ts'
import type { KernelEventKind } from '../../observe/kernel-events.ts'
import { canEndAt, type CountedLoss, isLostOnTheWay } from '../ends.ts'
import { isDroppedOtherwise, isOfNetfilter, type KernelDrop } from '../kernel-drops.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { nodesRead, risenOn, saidMeanwhile, statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'

/** A table of the kernel that drops packets when it is full. */
interface Table {
  /** As the kernel’s log names it. */
  readonly event: KernelEventKind
  /** How many packets it dropped while the run went on; undefined where the host does not see that counter of its kernel. */
  readonly dropped: (lab: LabView, node: string) => number | undefined
  /** Which packets it holds back; those of both directions where it does not say. */
  readonly way?: CountedLoss['way']
  /** Whether the kernel’s reason for a drop is that it is full; not there where the kernel has several. */
  readonly isReason?: (drop: KernelDrop) => boolean
  readonly name: string
  readonly limit: string
  /** How full it was at a reading. */
  readonly use: (lab: LabView, node: string) => { readonly used: number; readonly limit: number } | undefined
  readonly cause: string
  readonly remedy: CatalogEntry['remedy']
}

const conntrack: Table = {
  event: 'conntrack-full',
  // Two packets of one new connection that clash are counted as dropped, too, in a table with room; an early drop made room.
  dropped: (lab, node) =>
    Math.max(
      0,
      (risenOn(lab, node, 'conntrack.drop') ?? 0) - (risenOn(lab, node, 'conntrack.insert_failed') ?? 0),
    ),
  isReason: isOfNetfilter,
  name: 'connection tracking table',
  limit: 'net.netfilter.nf_conntrack_max',
  use: (lab, node) => useOf(lab, node, 'net.netfilter.nf_conntrack_count', 'net.netfilter.nf_conntrack_max'),
  cause:
    'The kernel drops the first packet of every new connection while the table is full, of all protocols, VXLAN and gossip among them. Connections that stand go on working, which makes it look like chance.',
  remedy: [
    '`sysctl -w net.netfilter.nf_conntrack_max=262144`, and the same in `/etc/sysctl.d`',
    "See who fills it: `conntrack -L | awk '{print $1}' | sort | uniq -c`, `conntrack -S`",
  ],
}

const neighbours: Table = {
  event: 'neighbours-full',
  // Only the first namespace of a kernel has this table's limit and counters.
  dropped: (lab, node) =>
    risenOn(lab, node, 'neighbours.table_fulls') || (neighbourLimit(lab, node) === undefined ? undefined : 0),
  way: 'leaving',
  name: 'neighbour table',
  limit: 'net.ipv4.neigh.default.gc_thresh3',
  use: (lab, node) => {
    const limit = Number(neighbourLimit(lab, node))
    const used = statesOf(lab, node)[0]?.neighbourEntries
    return used === undefined || !Number.isFinite(limit) ? undefined : { used, limit }
  },
  cause:
    'One limit counts for the neighbour tables of all namespaces of the host, and every overlay has an entry for each of its tasks. Where it is reached no new neighbour is resolved: packets to addresses that are not known yet are dropped.',
  remedy: [
    '`sysctl -w net.ipv4.neigh.default.gc_thresh1=8192 net.ipv4.neigh.default.gc_thresh2=49152 net.ipv4.neigh.default.gc_thresh3=65536`, and the same in `/etc/sysctl.d`; the engine sets these when it starts',
    'See how full it is: `ip -s ntable show`, `ip neigh | wc -l` in every namespace',
  ],
}

const neighbourLimit = (lab: LabView, node: string): string | undefined =>
  statesOf(lab, node)[0]?.root.settings?.['net.ipv4.neigh.default.gc_thresh3']

function useOf(lab: LabView, node: string, count: string, most: string): ReturnType<Table['use']> {
  const readings = statesOf(lab, node).map(({ root }) => ({
    used: Number(root.settings?.[count]),
    limit: Number(root.settings?.[most]),
  }))
  return readings
    .filter(({ used, limit }) => Number.isFinite(used) && limit > 0)
    .toSorted((a, b) => b.used / b.limit - a.used / a.limit)[0]
}

export const conntrackTableFull: Rule = {
  code: 'conntrack-table-full',
  title: 'The connection tracking table of a node is full',
  severity: ['cause'],
  meaning: `${conntrack.cause} Every published port, masqueraded connection and VXLAN flow takes an entry.`,
  proof: [
    'While requirements were verified the kernel counted packets that it dropped for want of an entry: `drop` of `conntrack -S`, less `insert_failed`',
    'The kernel logged `nf_conntrack: table full, dropping packet` meanwhile, or nine tenths of the entries were in use at a reading',
    'As many packets at least as were missed at that node',
  ],
  silencedBy: [
    'The table had room: two packets of one new connection that clash are counted as dropped, too',
    'Fewer packets were dropped than were missed, or what was missed is seen to have ended elsewhere, between the hosts for one (CTL-03, CTL-04, CTL-07)',
    'The kernel says that it dropped as many for a reason that is not netfilter’s',
  ],
  remedy: conntrack.remedy,
  reports: [
    {
      url: 'https://github.com/kubernetes/kubernetes/issues/71261',
      says: 'Health checks of containers and requests to the ingress failed until `nf_conntrack_max` was raised.',
    },
  ],
  find: (lab) => nodesRead(lab).flatMap((node) => draftOf(conntrack, lab, node)),
  gravity: 92,
}

export const neighbourTableFull: Rule = {
  code: 'neighbour-table-full',
  title: 'The neighbour table of a node is full',
  severity: ['cause'],
  meaning: neighbours.cause,
  proof: [
    'While requirements were verified the kernel counted entries that it could not make: `table_fulls` of /proc/net/stat/arp_cache',
    'The kernel logged `neighbor table overflow` meanwhile, or nine tenths of `gc_thresh3` were in use at a reading',
    'As many entries at least as packets were missed on their way out of that node',
    'Hosts that are containers see the log of the one kernel they share, and none of its counters: there the log alone',
  ],
  silencedBy: [
    'The table had room',
    'Fewer entries were refused than packets were missed, or what was missed is seen to have ended elsewhere',
  ],
  remedy: neighbours.remedy,
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/issues/1522',
      says: 'An overlay took no more than 1024 containers, and gossip could not be sent either, until the limits were raised.',
    },
    {
      url: 'https://github.com/moby/moby/issues/32195',
      says: 'A maintainer names the overflow of this table as one reason of connections that fail now and then.',
    },
  ],
  find: (lab) => nodesRead(lab).flatMap((node) => draftOf(neighbours, lab, node)),
  gravity: 94,
}

/** A table is emptied while it is read. */
const nearlyFull = 0.9

function draftOf(table: Table, lab: LabView, node: string): Draft[] {
  const dropped = table.dropped(lab, node)
  const said = saidMeanwhile(lab, node, table.event)
  const use = table.use(lab, node)
  const wasFull = said > 0 || (use !== undefined && use.used >= nearlyFull * use.limit)
  if (!wasFull || dropped === 0 || (dropped === undefined && said === 0)) return []
  const place = { at: node, ...(table.way === undefined ? {} : { way: table.way }) }
  const explains = (problem: Reported): boolean =>
    problem.kind === 'missed' &&
    // By the log alone it is no more than what is most likely: of what nodes sent each other.
    (dropped !== undefined || problem.path !== undefined) &&
    concerns(problem, node) &&
    canEndAt(problem, place) &&
    !isLostOnTheWay(problem, lab)
  const lost = lab.problems().filter(explains).length
  const { isReason } = table
  if (isReason !== undefined && isDroppedOtherwise(lab, node, lost, isReason)) return []
  const full = use === undefined ? '' : `, ${use.used} of ${use.limit} entries when it was read`
  return [
    {
      // Hosts that are containers have one kernel, and its log is in each; what each counts by itself is its own.
      ...(lab.lab.origin !== 'container' || dropped !== undefined
        ? {}
        : {
            alike: {
              key: table.name,
              told: (nodes) => ({
                title: `The ${table.name} of the kernel that ${nodes} share is full (${table.limit})`,
                cause: table.cause,
                remedy: table.remedy.map((one, at) =>
                  at === 0 ? `On the machine of ${nodes}: ${one}` : one,
                ),
              }),
            },
          }),
      title: `The ${table.name} of ${node} is full (${table.limit}${use === undefined ? '' : ` = ${use.limit}`})`,
      cause: table.cause,
      remedy: table.remedy.map((one, at) => (at === 0 ? `On ${node}: ${one}` : one)),
      nodes: [node],
      pairs: pathsAt(lab, node),
      proof: [
        ...(dropped === undefined
          ? []
          : [`${node}: ${dropped} packets found no room while requirements were verified${full}`]),
        ...(said === 0 ? [] : [`${node}: its kernel said so ${said} times meanwhile${full}`]),
      ],
      ...(dropped === undefined ? {} : { counted: { ...place, packets: dropped } }),
      explains,
    },
  ]
}

const concerns = (problem: Reported, node: string): boolean => nodesOf(problem).includes(node)

function pathsAt(lab: LabView, node: string): Path[] {
  const paths = lab
    .problems()
    .flatMap(({ path }) =>
      path !== undefined && path.from !== path.to && [path.from, path.to].includes(node) ? [path] : [],
    )
  return [...new Map(paths.map((path) => [`${path.from} ${path.to}`, path])).values()]
}
