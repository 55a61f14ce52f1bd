import type { Part } from '../observation/part.ts'
import type { Section, Sections } from '../remote/sections.ts'
import { printable } from '../printable.ts'

/** Packets that a kernel gave up at one place for one reason, in all namespaces of its host. */
export interface Drop {
  /** As the kernel names it (include/net/dropreason-core.h), such as `NETFILTER_DROP`; a number where it has no name. */
  readonly reason: string
  /** Function of the kernel that gave them up, such as `nf_hook_slow`. */
  readonly location: string
  /** EtherType, such as `0x0800`. */
  readonly protocol: string
  readonly count: number
}

/** What a host dropped while it was counted. Reasons and places alone: nothing of the packets is read. */
export interface DropsSeen {
  /** ISO 8601, by the host's clock. */
  readonly until: string
  /** Most frequent first. */
  readonly drops: readonly Drop[]
  /** Packets that found no room in the table. */
  readonly uncounted: number
  /** What reading them took. */
  readonly elapsedMs: number
}

/** By name of node. `missing` where its kernel does not tell, or nobody may ask it. */
export type DropsByNode = Readonly<Record<string, Part<DropsSeen>>>

/** What of a kernel's table is kept; 1024 places are all that it counts. */
const mostDrops = 200

/** @throws TypeError for output of another form */
export function parseDrops(sections: Sections): Omit<DropsSeen, 'elapsedMs'> {
  const names = reasonNames(sections.lines('reasons'))
  const lines = sections.lines('counts')
  const drops = lines.flatMap((line) => dropOf(line, names) ?? [])
  return {
    until: timeOf(sections.lines('clock')),
    drops: drops.toSorted((a, b) => b.count - a.count).slice(0, mostDrops),
    uncounted: Number(/^\s*Dropped: (\d+)$/m.exec(lines.join('\n'))?.[1] ?? 0),
  }
}

/** The section that says why a kernel does not count, if there is one. */
export function notCounted(sections: Sections): Section | undefined {
  return sections.all.find(({ name }) => name === 'missing' || name === 'failed')
}

export function timeOf([line = '']: readonly string[]): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(line))
    throw new TypeError(`no time of a host: ${printable(line)}`)
  return line
}

/** `{ 2, "NOT_SPECIFIED" }, { 3, "NO_SOCKET" })`: numbers differ from kernel to kernel. */
function reasonNames(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    [...lines.join(' ').matchAll(/\{ (\d+), "([A-Z0-9_]{1,60})" \}/g)].map(([, number = '', name = '']) => [
      number,
      name,
    ]),
  )
}

/**
 * `{ reason: 11, protocol: 2048, location: nf_hook_slow } hitcount: 7`, without the address of the function. What compilers (`.isra.0`) and
 * modules (`[vxlan]`) add to its name is left out.
 */
function dropOf(line: string, names: ReadonlyMap<string, string>): Drop | undefined {
  const found =
    /^\{ reason:\s*(\d+), protocol:\s*(\d+), location:\s*(\w{1,80})?(?:\.[\w.]+)?(?: \[\w+\])?\s*\} hitcount:\s*(\d+)$/.exec(
      line,
    )
  if (found === null) return undefined
  const [, reason = '', protocol = '', location = '', count = ''] = found
  return {
    reason: names.get(reason) ?? reason,
    location,
    protocol: `0x${Number(protocol).toString(16).padStart(4, '0')}`,
    count: Number(count),
  }
}
