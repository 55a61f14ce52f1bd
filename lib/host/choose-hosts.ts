import { containerOrigin } from './container/origin.ts'
import type { HostOrigin } from './origin.ts'
import { machineOrigin } from './vm/origin.ts'

/** What was seen of the engine containers would run on. */
export type EngineView =
  | { readonly reachable: false; readonly why: string }
  | {
      readonly reachable: true
      readonly name: string
      /** Parts a swarm needs that its kernel does not have; undefined if that could not be told without trying. */
      readonly lacking: readonly string[] | undefined
    }

export interface HostsChoice {
  readonly origin: HostOrigin
  /** One sentence for whoever started the run. */
  readonly why: string
}

/**
 * Containers if an engine is reachable and its kernel has everything, virtual machines otherwise; what was asked for
 * overrides, and is the only way to hosts of any other provider. Containers start sooner, and where nothing is missing they verify as much but for what shares a kernel.
 */
export function chooseHosts(asked: HostOrigin | undefined, engine: EngineView): HostsChoice {
  if (asked !== undefined)
    return { origin: asked, why: `Hosts are ${asked.name}, as --hosts ${asked.id} says` }
  if (!engine.reachable) {
    return {
      origin: machineOrigin,
      why: `Hosts are ${machineOrigin.name}: no Docker engine is reachable, ${engine.why}`,
    }
  }
  if (engine.lacking === undefined) {
    return {
      origin: machineOrigin,
      why: `Hosts are ${machineOrigin.name}: what the kernel of the engine at ${engine.name} has cannot be told before an image is there; --hosts container tries`,
    }
  }
  if (engine.lacking.length > 0) {
    return {
      origin: machineOrigin,
      why: `Hosts are ${machineOrigin.name}: the kernel of the engine at ${engine.name} lacks ${engine.lacking.join(', ')}; --hosts container verifies what works without`,
    }
  }
  return {
    origin: containerOrigin,
    why: `Hosts are ${containerOrigin.name} on the engine at ${engine.name}, whose kernel has all a swarm needs; --hosts vm overrides`,
  }
}

/** What of a swarm's needs is not among the parts a kernel has. */
export function lackingParts(present: ReadonlySet<string>): string[] {
  const single = ['vxlan', 'ip_vs', 'esp4'].filter((name) => !present.has(name))
  // Which of the two an engine uses for its encryption rules depends on its version.
  return present.has('xt_bpf') || present.has('xt_u32') ? single : [...single, 'xt_bpf or xt_u32']
}
