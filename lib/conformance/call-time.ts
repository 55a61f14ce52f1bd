import type { Host } from '../host/host.ts'
import { median } from '../median.ts'
import { sh } from '../script.ts'

const calls = 3
const mostHosts = 25

/**
 * What a call on these hosts takes, in ms: of each the fastest of three commands that do nothing, all hosts at once, and of
 * these the median. Of many hosts the first are asked. Undefined where none answered.
 */
export async function callTime(hosts: readonly Pick<Host, 'remote'>[]): Promise<number | undefined> {
  const times = await Promise.all(hosts.slice(0, mostHosts).map(fastestOf))
  const known = times.flatMap((one) => one ?? [])
  return known.length === 0 ? undefined : Math.round(10 * median(known)) / 10
}

async function fastestOf({ remote }: Pick<Host, 'remote'>): Promise<number | undefined> {
  let fastest: number | undefined
  try {
    for (let turn = 0; turn < calls; turn += 1) {
      const startedAt = performance.now()
      await remote.exec(sh`:`, { timeoutMs: 10_000 })
      fastest = Math.min(fastest ?? Infinity, performance.now() - startedAt)
    }
  } catch {
    // A host that is lost is for those to say who need it.
  }
  return fastest
}
