import { z } from 'zod'
import { interfaceName } from '../identifier.ts'
import { jsonList } from '../json-list.ts'

/** A queueing discipline of an interface, as `tc -s qdisc` has it. */
export interface QueueingDiscipline {
  readonly device: string
  /** `netem`, `tbf`, `fq_codel`, … */
  readonly kind: string
  /** Packets it dropped since it was made. */
  readonly dropped: number
  /** Packets that came to it. */
  readonly packets: number
  /** What netem is told to do: `delay`, `loss`, `duplicate`, `reorder`, `corrupt`, `rate`. */
  readonly does?: readonly string[]
}

const tcQdisc = z.object({
  kind: z.string().max(32),
  dev: z.string().exactOptional(),
  packets: z.number().exactOptional(),
  drops: z.number().exactOptional(),
  options: z.record(z.string(), z.unknown()).exactOptional(),
})

/** As iproute2 names them, tc/q_netem.c: `loss-random`, `loss-gemodel`. */
const impairments: Readonly<Record<string, string>> = {
  ...{ delay: 'delay', duplicate: 'duplicate', reorder: 'reorder', corrupt: 'corrupt', rate: 'rate' },
  ...{ 'loss-random': 'loss', 'loss-state': 'loss', 'loss-gemodel': 'loss' },
}

/** Reads `tc -j -s qdisc show`: those that dropped something or shape on purpose. */
export function parseQueueing(line: string | undefined, host?: string): readonly QueueingDiscipline[] {
  return jsonList(line, tcQdisc).flatMap(({ kind, dev, drops = 0, packets = 0, options = {} }) =>
    dev === undefined || (drops === 0 && !shaping.includes(kind))
      ? []
      : [
          {
            ...{ device: interfaceName(dev, host), kind, dropped: drops, packets },
            ...(kind === 'netem'
              ? { does: Object.keys(options).flatMap((key) => impairments[key] ?? []) }
              : {}),
          },
        ],
  )
}

/** Those that somebody sets to delay, lose or limit; the kernel gives interfaces none of them. */
export const shaping: readonly string[] = [
  'netem',
  'tbf',
  'htb',
  'hfsc',
  'cake',
  'red',
  'choke',
  'drr',
  'cbs',
]
