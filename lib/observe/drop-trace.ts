import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import type { Part } from '../observation/part.ts'
import { execSections, type Sections } from '../remote/sections.ts'
import type { ExecResult } from '../remote/remote.ts'
import type { Script } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { type DropsSeen, notCounted, parseDrops, timeOf } from './drops.ts'

/** A kernel has begun to count. */
export interface DropsBegun {
  /** ISO 8601, by the host's clock. */
  readonly since: string
  /** What beginning took. */
  readonly elapsedMs: number
}

/** Names what a run leaves in tracefs while it counts: `instances/swarmproof-RUN`. */
export const dropInstance = (run: string): string => `swarmproof-${run}`

/**
 * Begins to count, in the kernel itself, why and where it gives packets up (`skb:kfree_skb`, Linux 5.17 and later): in
 * an instance of tracefs of the run's own, without a record of any packet. One remote call; what an earlier one counted
 * is gone. Nothing is mounted on hosts that swarmproof did not make: without tracefs there it is `missing`.
 */
export function beginDrops(host: Host, run: string): Promise<Part<DropsBegun>> {
  return called(host, run, 'begin', (sections) => ({ since: timeOf(sections.lines('clock')) }))
}

/** Reads what was counted and removes the instance, in one remote call. */
export function endDrops(host: Host, run: string): Promise<Part<DropsSeen>> {
  return called(host, run, 'end', parseDrops)
}

async function called<T extends object>(
  host: Host,
  run: string,
  mode: 'begin' | 'end',
  read: (sections: Sections) => T,
): Promise<Part<T & { readonly elapsedMs: number }>> {
  if (host.origin.sharesKernel)
    return { missing: { what: wanted.kernel, of: 'topology', nodes: [host.name] } }
  const startedAt = performance.now()
  const { result, sections } = await execSections(host.remote, dropScript(host, run, mode), {
    timeoutMs: 15_000,
  })
  const elapsedMs = Math.round(performance.now() - startedAt)
  const not = notCounted(sections)
  if (not?.name === 'missing')
    return {
      missing: {
        what: wanted[isLacking(not.argument) ? not.argument : 'reasons'],
        of: 'tool',
        nodes: [host.name],
      },
    }
  if (not !== undefined || !sections.complete) return { threw: failureOf(host, result).message }
  return { got: { ...read(sections), elapsedMs } }
}

function dropScript({ origin }: Host, run: string, mode: 'begin' | 'end'): Script {
  return scriptFile(import.meta.url, 'drop-trace.sh', {
    mode,
    instance: dropInstance(run),
    owned: origin.owned ? 'yes' : 'no',
    count_drops: scriptFile(import.meta.url, 'count-drops.sh').text,
  })
}

/** In the words of the script. */
type Lacking = 'kernel' | 'tracefs' | 'reasons' | 'histograms' | 'instance'

const wanted: Readonly<Record<Lacking, string>> = {
  kernel: 'a kernel of its own',
  tracefs: 'tracefs, mounted at /sys/kernel/tracing',
  reasons: 'a kernel that gives reasons for drops (5.17 or later)',
  histograms: 'a kernel with CONFIG_HIST_TRIGGERS',
  instance: 'its trace instance, which somebody removed',
}

const isLacking = (word: string): word is Lacking => word in wanted

function failureOf({ name }: Host, { exitCode, stderr }: ExecResult): SwarmproofError {
  return new SwarmproofError({
    code: 'DROPS_UNREADABLE',
    what: 'the kernel did not count drops',
    host: name,
    observed: `exit code ${exitCode}: ${stderr.trim().slice(-300)}`,
    hint: 'root may be kept from tracing: cat /sys/kernel/security/lockdown',
  })
}
