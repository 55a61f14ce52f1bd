import { FakeRemote } from '../remote/fake-remote.ts'
import type { HostFacts, InterfaceFacts, SwarmFacts } from './host-facts.ts'
import type { InventoryHost } from './inventory.ts'
import type { KnownHost } from './known-host.ts'

/** A card with one address, such as `eth0` with `10.0.0.1/24`. */
export function card(name: string, cidr: string, more: Partial<InterfaceFacts> = {}): InterfaceFacts {
  const [address = '', prefix = '24'] = cidr.split('/')
  const addresses = [{ address, prefixLength: Number(prefix) }]
  return { name, mtuBytes: 1500, up: true, kind: '', addresses, driver: 'virtio_net', offloads: [], ...more }
}

/** A sound host in no swarm; what a test is about is given. */
export function factsOf(hostname: string, more: Partial<HostFacts> = {}): HostFacts {
  return {
    hostname,
    machineId: `id-of-${hostname}`,
    bootId: `boot-of-${hostname}`,
    hostKeys: [`ssh-ed25519 SHA256:key-of-${hostname}`],
    architecture: 'x86_64',
    kernelRelease: '6.12.1',
    engine: {
      id: `engine-of-${hostname}`,
      version: '28.5.2',
      apiVersion: '1.51',
      rootDirectory: '/var/lib/docker',
      operatingSystem: 'Debian 13',
    },
    swarm: noSwarm,
    interfaces: [],
    routes: [],
    vxlanDevices: [],
    heldPorts: [],
    tools: {
      ip: '/sbin/ip',
      perl: '/usr/bin/perl',
      tcpdump: '/usr/bin/tcpdump',
      nsenter: '/usr/bin/nsenter',
      ipvsadm: '/sbin/ipvsadm',
      iptables: '/sbin/iptables',
      nft: undefined,
      ethtool: '/sbin/ethtool',
      tar: '/bin/tar',
    },
    modules: {
      vxlan: 'loaded',
      ip_vs: 'loadable',
      esp4: 'loadable',
      xt_bpf: 'loadable',
      xt_u32: 'loadable',
      br_netfilter: 'loaded',
    },
    clock: { offsetMs: 3, uncertaintyMs: 5 },
    firewall: { managers: [], input: [] },
    disk: { path: '/var/lib/docker', freeMib: 9000 },
    memory: { totalMib: 2000, availableMib: 1500 },
    processors: 2,
    networks: [],
    ...more,
  }
}

export const noSwarm: SwarmFacts = {
  state: 'inactive',
  error: '',
  nodeId: '',
  nodeAddress: '',
  isManager: false,
}

export function inSwarm(nodeId: string, nodeAddress: string, more: Partial<SwarmFacts> = {}): SwarmFacts {
  return { ...noSwarm, state: 'active', nodeId, nodeAddress, ...more }
}

export function knownHost(
  name: string,
  facts: Partial<HostFacts>,
  inventory: Partial<InventoryHost> = {},
): KnownHost & { readonly remote: FakeRemote } {
  const destination = {
    name,
    hostname: name,
    user: 'ops',
    port: 2222,
    identityFiles: ['/k'],
    proxyJump: 'bastion',
  }
  return {
    inventory: { name, destination, ...inventory },
    remote: new FakeRemote(name),
    facts: factsOf(name, facts),
  }
}
