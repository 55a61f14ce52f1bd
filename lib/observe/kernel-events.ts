/** What a kernel says that has to do with packets, or with hosts that are too slow or too small. */
export type KernelEventKind =
  | 'conntrack-full'
  | 'neighbours-full'
  | 'wrong-checksum'
  | 'out-of-memory'
  | 'stalled'
  | 'link-down'
  | 'transmit-timeout'

export interface KernelEvent {
  readonly kind: KernelEventKind
  /** Seconds since the host’s boot. */
  readonly uptimeSeconds: number
  /** The interface it is about, where the kernel names one. */
  readonly device?: string
}

/**
 * By the kernel’s own words, which have been the same for years: nf_conntrack_core.c, neighbour.c, udp.c, dev.c
 * (`hw csum failure`), oom_kill.c, watchdog.c, hung_task.c, tree_stall.h, drivers, sch_generic.c.
 */
const words: readonly (readonly [KernelEventKind, string])[] = [
  ['conntrack-full', 'nf_conntrack: .*table full'],
  ['neighbours-full', 'neigh[a-z]*( table)?: .*overflow'],
  ['wrong-checksum', 'hw csum failure|UDP: bad checksum'],
  ['out-of-memory', 'Out of memory|[Mm]emory cgroup out of memory|invoked oom-killer'],
  ['stalled', 'soft lockup|blocked for more than|rcu.*(self-)?detected stall|rcu.*detected stalls'],
  ['link-down', '[Ll]ink is [Dd]own|NIC Link is Down'],
  ['transmit-timeout', 'NETDEV WATCHDOG'],
]

/** As Perl reads it: no other line leaves the host. */
export const kernelWords: string = words.map(([, pattern]) => pattern).join('|')

/** Reads lines of `dmesg`; only what they are about and when is kept. */
export function parseKernelEvents(lines: readonly string[]): KernelEvent[] {
  return lines.flatMap((line) => {
    const [, seconds, text = ''] = /^\[\s*(\d+\.\d+)\] (.*)$/.exec(line) ?? []
    const kind = words.find(([, pattern]) => new RegExp(pattern).test(text))?.[0]
    if (seconds === undefined || kind === undefined) return []
    const [, device] =
      /(?:^|\s)([a-z][a-z0-9_.-]{0,14}): (?:hw csum failure|.*[Ll]ink is [Dd]own)/.exec(text) ??
      /NETDEV WATCHDOG: (?:[A-Z]+: )?([a-z][a-z0-9_.-]{0,14}) /.exec(text) ??
      []
    return [{ kind, uptimeSeconds: Number(seconds), ...(device === undefined ? {} : { device }) }]
  })
}
