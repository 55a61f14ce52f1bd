import type { ClusterFacts, NodeFacts, ServiceFacts, TaskFacts } from '../lib/observation/facts.ts'
import type { ProbeSeen } from '../lib/observation/probe-seen.ts'

/** Facts of a lab of three nodes: `web` on two of them, `rr` on all, both on the clear network. */
export function threeNodes(changes: Partial<ClusterFacts> = {}): ClusterFacts {
  const clear = network('clear', '10.91.1.0/24', 4097)
  return {
    generation: 0,
    readAt: '2026-01-01T00:00:00.000Z',
    topology: {
      ...{ name: 'three', nodes: [], underlays: [], swarm: {} },
      stack: {},
    } as unknown as ClusterFacts['topology'],
    nodes: [node('manager', 11), node('worker1', 12), node('worker2', 13)],
    manager: 'manager',
    outsiders: [],
    dataPathPort: 4789,
    networks: {
      clear,
      secret: network('secret', '10.91.2.0/24', 4098),
      auto: network('auto', '10.0.1.0/24', 4099),
      extra: network('extra', '10.0.2.0/24', 4100),
      shop: network('shop', '10.0.3.0/24', 4101),
      ingress: { ...network('ingress', '10.0.0.0/24', 4096), ingress: true },
    },
    services: {
      web: service('web', { [clear.id]: '10.91.1.2' }),
      both: service('both', { [clear.id]: '10.91.1.8' }),
      rr: { ...service('rr', {}), endpointMode: 'dnsrr' },
    } as unknown as ClusterFacts['services'],
    tasks: [
      task('web', 'worker1', 3),
      task('web', 'worker2', 4),
      task('rr', 'manager', 5),
      task('rr', 'worker1', 6),
      task('rr', 'worker2', 7),
    ],
    bulkBytes: 1000,
    namePrefix: 'swp',
    owned: true,
    sharesKernel: false,
    built: { builtAt: '2026-01-01T00:00:00.000Z', requested: {} },
    refused: [],
    ...changes,
  }
}

export function node(name: string, last: number): NodeFacts {
  const address = `192.168.56.${last}`
  return {
    ...{ name, nodeId: `node-${name}`, role: name === 'manager' ? 'manager' : 'worker' },
    ...{ advertise: { address, interface: 'eth1' }, dataPath: { address, interface: 'eth1' } },
    ...{ engineVersion: '28.5.1', kernelRelease: '6.1.0', takesTasks: true },
    macs: { lo: '00:00:00:00:00:00', eth1: `52:54:00:00:00:${last}` },
    modules: { ip_vs: true, esp4: true },
  }
}

/** `last` is the last byte of its address on the clear network; its id and host name are told by both names. */
export function task(service: string, home: string, last: number): TaskFacts {
  const endpoint = { address: `10.91.1.${last}`, mac: `02:42:0a:5b:01:0${last}`, prefixLength: 24 }
  return {
    ...{ id: `${service}-${home}`, service: `swp-${service}`, node: home, containerId: `container-${last}` },
    ...{ hostname: `${service}-${home}`, endpoints: { 'swp-clear': endpoint } },
  }
}

function network(role: string, subnet: string, vni: number) {
  const gateway = subnet.replace(/0\/24$/, '1')
  return {
    ...{ id: `${role}netidentifier`, name: role === 'ingress' ? role : `swp-${role}`, subnet, gateway, vni },
    ...{ encrypted: role === 'secret', ingress: false },
  }
}

function service(name: string, vips: Readonly<Record<string, string>>): ServiceFacts {
  return { id: `service-${name}`, name: `swp-${name}`, endpointMode: 'vip', vips, published: [] }
}

/** What came of a question to the resolver of a task; without addresses no answer came. */
export function asked(from: string, addresses?: readonly string[], rcode = 'NOERROR'): ProbeSeen {
  return {
    ...{ kind: 'udp', from, fromNode: from.split('@')[1] ?? from, to: '127.0.0.11', port: 53 },
    ...(addresses === undefined
      ? { outcome: 'timeout', elapsedMs: 5000, replies: [], replyBytes: [] }
      : { outcome: 'answered', elapsedMs: 3, replies: [''], replyBytes: [60], dns: { rcode, addresses } }),
    attempts: [],
  }
}
