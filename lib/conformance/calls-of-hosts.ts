import type { Host } from '../host/host.ts'
import { noCalls, type RemoteCalls } from '../remote/remote-calls.ts'

const counted = new WeakMap<RemoteCalls, RemoteCalls>()

/**
 * What was asked of these hosts, by their names, since they were had, or since this was asked before: on a lab that
 * several runs share, each counts its own. A host may be among them more than once, as where its lab was raised again.
 * @param earlier what was counted already, and is in the sums
 */
export function callsOfHosts(
  hosts: readonly Pick<Host, 'name' | 'remote'>[],
  earlier: Readonly<Record<string, RemoteCalls>> = {},
): Readonly<Record<string, RemoteCalls>> {
  const sums: Record<string, RemoteCalls> = structuredClone(earlier)
  for (const { name, remote } of hosts) {
    if (remote.calls === undefined) continue
    const before = counted.get(remote.calls) ?? noCalls()
    const sum = (sums[name] ??= noCalls())
    for (const kind of kinds) sum[kind] += remote.calls[kind] - before[kind]
    counted.set(remote.calls, { ...remote.calls })
  }
  return sums
}

const kinds = Object.keys(noCalls()) as readonly (keyof RemoteCalls)[]
