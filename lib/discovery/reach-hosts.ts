import pLimit from 'p-limit'
import { SwarmproofError } from '../error.ts'
import { type Progress, step } from '../progress.ts'
import type { SshDestination } from '../remote/open-ssh/destination.ts'
import type { Remote } from '../remote/remote.ts'
import type { InventoryHost } from './inventory.ts'
import type { KnownHost } from './known-host.ts'
import { readHostFacts } from './read-host-facts.ts'

/** Opens the way to a host; whoever gives it owns what it returns. */
export type Connect = (destination: SshDestination) => Promise<Remote>

export interface ReachOptions {
  readonly connect: Connect
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** What became of one host: it is known, or this stands in the way. */
export type Reached =
  | { readonly ok: true; readonly host: KnownHost }
  | { readonly ok: false; readonly inventory: InventoryHost; readonly error: Error }

/** More at once would meet MaxStartups of a bastion, which is 10 by default. */
const atOnce = 6

/** Connects to every host and reads what it is, side by side. Never throws but when it is interrupted. */
export async function reachHosts(
  hosts: readonly InventoryHost[],
  { connect, progress, signal }: ReachOptions,
): Promise<readonly Reached[]> {
  const limit = pLimit(atOnce)
  const reached = await Promise.all(
    hosts.map((inventory) =>
      limit(async (): Promise<Reached> => {
        signal.throwIfAborted()
        try {
          const host = await step(progress, 'Connecting', inventory.name, async () => {
            const remote = await connect(inventory.destination)
            return { inventory, remote, facts: await readHostFacts(remote) }
          })
          return { ok: true, host }
        } catch (error) {
          signal.throwIfAborted()
          return { ok: false, inventory, error: error instanceof Error ? error : new Error(String(error)) }
        }
      }),
    ),
  )
  return reached
}

/**
 * The hosts, if all of them were reached.
 * @throws SwarmproofError that names each of the others with its own reason; its own code where all have the same
 */
export function allOrNone(reached: readonly Reached[]): readonly KnownHost[] {
  const failed = reached.flatMap((one) => (one.ok ? [] : [one]))
  if (failed.length === 0) return reached.flatMap((one) => (one.ok ? [one.host] : []))
  const [first] = failed
  if (failed.length === 1 && first !== undefined) throw first.error
  const codes = new Set(failed.map(({ error }) => (error instanceof SwarmproofError ? error.code : '')))
  throw new SwarmproofError({
    code: codes.size === 1 ? [...codes][0] || 'HOSTS_FAILED' : 'HOSTS_FAILED',
    what: `${failed.length} of ${reached.length} hosts cannot be verified:\n${failed
      .map(({ inventory, error }) => `- ${inventory.name}: ${error.message.replaceAll('\n', '\n  ')}`)
      .join('\n')}`,
    cause: first?.error,
  })
}
