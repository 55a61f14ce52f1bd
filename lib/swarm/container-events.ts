import type { Wake } from '../eventually.ts'
import type { Host } from '../host/host.ts'
import type { Cluster } from './cluster.ts'
import type { EngineApi } from './engine-api.ts'
import { engineOf } from './engine-of.ts'
import { EngineWatch } from './engine-watch.ts'

/** On containers of the tasks of a trial, with the value of the run's label; services have that under `swarmproof`. */
const runLabel = 'swarmproof.run'

/** By which `docker service create` puts it there. */
export function containerLabel(label: string): string {
  return `${runLabel}=${label}`
}

const watches = new WeakMap<EngineApi, Map<string, EngineWatch>>()

/** That containers of a run's trials start or end on any of these nodes. One connection a host, kept for all who wait. */
export function containerEvents({ nodes }: Pick<Cluster, 'nodes'>, label: string): Wake {
  const all = nodes.map(({ host }) => watchOf(host, label))
  return {
    begin: async () => void (await Promise.all(all.map((watch) => watch.begin()))),
    next: (signal) => Promise.race(all.map((watch) => watch.next(signal))),
  }
}

function watchOf(host: Host, label: string): EngineWatch {
  const engine = engineOf(host)
  const known = watches.get(engine) ?? new Map<string, EngineWatch>()
  watches.set(engine, known)
  let watch = known.get(label)
  if (watch === undefined) {
    const event = ['start', 'die', 'destroy']
    watch = new EngineWatch(engine, { type: ['container'], event, label: [containerLabel(label)] })
    known.set(label, watch)
  }
  return watch
}
