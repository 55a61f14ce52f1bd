import { firstLineOf } from '../error.ts'
import type { Host } from '../host/host.ts'
import type { Part } from '../observation/part.ts'
import { beginDrops, endDrops } from '../observe/drop-trace.ts'
import type { ObserveContext } from './context.ts'
import { scene } from './scene.ts'

/** Kernels begin to count what they drop, by name of node; with it a generation begins. */
export const dropsBegun = scene('drops-begun', (lab) => ofEach(lab, beginDrops))

/** What they dropped since, in all of their namespaces; they do not count any more. */
export const drops = scene('drops', (lab) => ofEach(lab, endDrops))

async function ofEach<T>(
  { cluster, label }: ObserveContext,
  ask: (host: Host, run: string) => Promise<Part<T>>,
): Promise<Readonly<Record<string, Part<T>>>> {
  const asked = cluster.nodes.map(async ({ host }): Promise<readonly [string, Part<T>]> => {
    const told = ask(host, label).catch((error: unknown) => ({ threw: firstLineOf(error) }))
    return [host.name, await told]
  })
  return Object.fromEntries(await Promise.all(asked))
}
