/** What hosts of labs can be. */
export const hostsKinds = ['vm', 'container'] as const
export type HostsKind = (typeof hostsKinds)[number]

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
  readonly kind: HostsKind
  /** One sentence for whoever started the run. */
  readonly why: string
}

/**
 * Containers if an engine is reachable and its kernel has everything, virtual machines otherwise; what was asked for
 * overrides. Containers start sooner, and where nothing is missing they verify as much but for what shares a kernel.
 */
export function chooseHosts(asked: HostsKind | undefined, engine: EngineView): HostsChoice {
  if (asked !== undefined) return { kind: asked, why: `Hosts are ${named[asked]}, as --hosts ${asked} says` }
  if (!engine.reachable) {
    return { kind: 'vm', why: `Hosts are ${named.vm}: no Docker engine is reachable, ${engine.why}` }
  }
  if (engine.lacking === undefined) {
    return {
      kind: 'vm',
      why: `Hosts are ${named.vm}: what the kernel of the engine at ${engine.name} has cannot be told before an image is there; --hosts container tries`,
    }
  }
  if (engine.lacking.length > 0) {
    return {
      kind: 'vm',
      why: `Hosts are ${named.vm}: the kernel of the engine at ${engine.name} lacks ${engine.lacking.join(', ')}; --hosts container verifies what works without`,
    }
  }
  return {
    kind: 'container',
    why: `Hosts are ${named.container} on the engine at ${engine.name}, whose kernel has all a swarm needs; --hosts vm overrides`,
  }
}

const named: Readonly<Record<HostsKind, string>> = { vm: 'virtual machines', container: 'containers' }

/** What of a swarm's needs is not among the parts a kernel has. */
export function lackingParts(present: ReadonlySet<string>): string[] {
  const single = ['vxlan', 'ip_vs', 'esp4'].filter((name) => !present.has(name))
  // Which of the two an engine uses for its encryption rules depends on its version.
  return present.has('xt_bpf') || present.has('xt_u32') ? single : [...single, 'xt_bpf or xt_u32']
}
