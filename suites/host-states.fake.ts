import type { HostState, Link, NamespaceState, Route } from '../lib/observe/host-state.ts'

/** A link as `ip -j -d addr` tells it, with IPv4 addresses as CIDR. */
export function link(
  name: string,
  mtuBytes: number,
  { addresses = [], ...more }: { addresses?: readonly string[]; mac?: string; kind?: string } = {},
): Link {
  return {
    ...{ name, index: 2, kind: '', mtuBytes, mac: '02:42:00:00:00:01', up: true, ...more },
    addresses: addresses.map((block) => {
      const [address = '', prefixLength = '32'] = block.split('/')
      return { address, prefixLength: Number(prefixLength), family: 'inet' as const }
    }),
  }
}

export function namespace(links: readonly Link[], routes: readonly Route[] = []): NamespaceState {
  const inode = `net:[${links.map(({ name, mac }) => name + mac).join()}]`
  return { inode, links, routes, neighbours: [], fdb: [], ipvs: [], firewall: [] }
}

/** Kernel state of a host that could be read, of these namespaces alone. */
export function hostState(
  host: string,
  root: NamespaceState,
  namespaces: Readonly<Record<string, NamespaceState>> = {},
): HostState {
  return {
    ...{ host, takenAt: '2026-01-01T00:00:00Z', root, namespaces, namespaceOf: {} },
    ...{ securityAssociations: [], securityPolicies: [], listeners: [] },
    firewallBackend: { backend: 'nft', program: 'iptables-nft', legacyTables: [] },
    ...{ kernelModules: {}, loadableModules: [], unavailable: [] },
  }
}
