import type { HostState, NamespaceState } from './host-state.ts'

/** What decides about packets in a node’s own network namespace. */
export interface Deciding extends Pick<HostState, 'firewallBackend' | 'nftables' | 'unavailable'> {
  readonly root: Pick<NamespaceState, 'firewall' | 'policies'>
}

/** That part of what was read of a host: all that is kept of a look that a requirement takes besides. */
export function deciding({ root, firewallBackend, nftables, unavailable }: HostState): Deciding {
  const { firewall, policies } = root
  return {
    root: { firewall, ...(policies === undefined ? {} : { policies }) },
    ...{ firewallBackend, unavailable },
    ...(nftables === undefined ? {} : { nftables }),
  }
}
