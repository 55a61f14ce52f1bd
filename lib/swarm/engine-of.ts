import type { Host } from '../host/host.ts'
import type { Remote } from '../remote/remote.ts'
import { dialEngine } from './dial-engine.ts'
import { EngineApi } from './engine-api.ts'

const engines = new WeakMap<Remote, EngineApi>()

/** The engine of a host: one of each, so that its connection is kept. It ends with the Remote, which ends the process it is. */
export function engineOf({ name, remote }: Pick<Host, 'name' | 'remote'>): EngineApi {
  let engine = engines.get(remote)
  if (engine === undefined) {
    engine = new EngineApi(name, () => dialEngine(remote), remote.calls)
    engines.set(remote, engine)
  }
  return engine
}
