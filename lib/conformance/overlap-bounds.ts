import type { NodeSpec } from '../topology/topology.ts'

/** How much is verified side by side on one lab. */
export interface OverlapBounds {
  /** Requirements at once. */
  readonly requirements: number
  /** Tasks at once that they have beside the stack; one that alone has more is verified alone. */
  readonly tasks: number
}

/**
 * Each has up to two commands under way on a host, and a connection carries five; what else asks a host meanwhile must
 * not wait for those that wait.
 */
export const mostAtOnce = 4
/** On a lab of our own, and on hosts that run what is their owner's. */
const tasksPerNode = { own: 4, existing: 2 }

/** Of labs of our own; four was measured on three emulated machines of one processor, see docs/decisions/0022. */
const leastOnOwn = { machines: 4, others: 2 }
const machinesMeasured = 3

/**
 * As many requirements as the weakest node has processors, and on labs of our own two at least, four on up to three
 * machines: what is awaited is told by the engine, so that waits leave a processor room.
 *
 * @param atOnce requirements, where that was asked for
 * @param serial one after another, whatever else was asked for
 */
export function overlapBounds(
  nodes: readonly Pick<NodeSpec, 'role' | 'cpus'>[],
  {
    owned,
    sharesKernel = false,
    atOnce,
    serial = false,
  }: {
    readonly owned: boolean
    /** They are containers of one machine. */
    readonly sharesKernel?: boolean | undefined
    readonly atOnce?: number | undefined
    readonly serial?: boolean | undefined
  },
): OverlapBounds {
  const members = nodes.filter(({ role }) => role !== 'outsider')
  const weakest = Math.min(...members.map(({ cpus }) => cpus))
  const least = leastOnOwn[!sharesKernel && members.length <= machinesMeasured ? 'machines' : 'others']
  return {
    requirements: serial ? 1 : (atOnce ?? Math.min(mostAtOnce, owned ? Math.max(least, weakest) : weakest)),
    tasks: members.length * tasksPerNode[owned ? 'own' : 'existing'],
  }
}
