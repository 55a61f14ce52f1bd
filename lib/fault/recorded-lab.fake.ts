import { machineOrigin } from '../host/vm/origin.ts'
import { labImage } from '../loaded-image.ts'
import type { Host, Lab } from '../host/host.ts'
import { type ListedLink, netlinkLines } from '../observe/netlink-lines.fake.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import type { Cluster, ClusterNode, Endpoint, OverlayNetwork, Service, Task } from '../swarm/cluster.ts'
import { type Stack, stackNames } from '../swarm/stack.ts'
import type { NetworkRole, ServiceRole } from '../observation/facts.ts'

/** What a lab of three nodes and an outsider is called by those who may choose names: none of it is checked here. */
export interface Chosen {
  /** Of the underlay. */
  readonly device: string
  readonly prefix: string
}

export interface RecordedLab {
  readonly on: { readonly cluster: Cluster; readonly stack: Stack; readonly lab: Pick<Lab, 'hosts'> }
  readonly remotes: readonly FakeRemote[]
}

const rules = `-P INPUT ACCEPT
-N DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A PREROUTING -d 10.91.1.2/32 -j MARK --set-xmark 0x100/0xffffffff
-A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x101/0xffffffff
-A OUTPUT -p udp -m udp --dport 4789 -m bpf --bytecode "7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 4098,6 0 0 0,6 0 0 4294967295" -j MARK --set-xmark 0xd0c4e3/0xffffffff
-A OUTPUT -p udp -m udp --dport 4789 -m bpf --bytecode "7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 4096,6 0 0 0,6 0 0 4294967295" -j MARK --set-xmark 0xd0c4e3/0xffffffff
-A INPUT -p udp -m udp --dport 4789 -m policy --dir in --pol none -m bpf --bytecode "7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 4098,6 0 0 0,6 0 0 4294967295" -j DROP
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -p udp -m udp --dport 8081 -j DNAT --to-destination 172.18.0.2:8081
-A DOCKER-INGRESS -p tcp -m tcp --dport 8082 -j DNAT --to-destination 172.18.0.2:8082
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
`
const policy =
  'src 192.168.56.11/32 dst 192.168.56.12/32 proto udp dport 4789 \\\tdir out priority 0 mark 0xd0c4e3/0xffffffff \\\ttmpl src 192.168.56.11 dst 192.168.56.12\\\t\tproto esp spi 0xabcdef01 reqid 13681891 mode transport\n'

/** The same as the kernel state, of a node whose ingress sandbox is 172.18.0.2. */
function observed(): string {
  const link = (name: string, address: string): ListedLink => ({ name, address, prefixLength: 16 })
  const tables = (...links: ListedLink[]): string => `@@ netlink\n${netlinkLines(...links)}`
  const bridge = { ...link('docker_gwbridge', '172.18.0.1'), kind: 'bridge' }
  const nat = rules.split('\n').filter((line) => line.startsWith('-A'))
  return [
    '@@ clock\n2026-11-21T06:47:20Z\n@@ namespace -',
    tables(link('eth1', '192.168.56.11'), bridge),
    `@@ firewall\n*nat\n${nat.map((rule) => `[0:0] ${rule}`).join('\n')}`,
    '@@ namespace /run/docker/netns/ingress_sbox',
    tables(link('eth1', '172.18.0.2')),
    '@@ end\n',
  ].join('\n')
}

/** A host that answers what faults ask it before they change anything; the answer given last counts. */
function recorded(name: string, octet: number): FakeRemote {
  const addresses = `5: eth0    inet 10.91.1.7/24 brd 10.91.1.255 scope global eth0\n6: eth1    inet 172.18.0.${octet}/16 brd 172.18.255.255\n7: eth2    inet 192.168.56.${octet + 2}/24 brd 192.168.56.255\n`
  return new FakeRemote(name)
    .answer(/./, '')
    .answer('xfrm-$what', inSections(observed()))
    .answer('ip -o link', '9: eth0@if10: <UP> mtu 1450 link/ether 02:42:0a:5b:01:07\n')
    .answer('link show', '2: eth2: <UP> mtu 1500 qdisc noqueue\n')
    .answer(/addr(ess)? show/, addresses)
    .answer(
      'address show dev docker_gwbridge',
      '4: docker_gwbridge    inet 172.18.0.1/16 brd 172.18.255.255\n',
    )
    .answer(
      'type veth',
      '3: vxlan0: <UP> mtu 1450\n7: veth0@if6: <UP> mtu 1450 qdisc noqueue master br0 state UP\n',
    )
    .answer('route show default', 'default via 172.18.0.1 dev eth1\n')
    .answer(/echo \$(pid|!)/, '4242\n')
    .answer('docker network inspect docker_gwbridge', '172.18.0.0/16\n')
    .answer(/iptables .*-S/, rules)
    .answer('--timeout', 'Timeout (tcp tcpfin udp): 900 120 300\n')
    .answer('ipvsadm -ln', 'FWM  256 rr\n')
    .answer(
      'ipvsadm-save -n',
      [256, 257].map((mark) => `-A -f ${mark} -s rr\n-a -f ${mark} -r 10.0.0.9:0 -m -w 1\n`).join(''),
    )
    .answer('xfrm policy show', policy)
}

export function recordedLab({ device, prefix }: Chosen): RecordedLab {
  const remotes = ['manager', 'worker1', 'worker2', 'outside'].map((name, index) => recorded(name, 9 + index))
  const hosts = remotes.map(
    (remote) =>
      ({
        ...{ name: remote.host, remote, origin: machineOrigin, underlays: {} },
        node: { name: remote.host, role: remote.host === 'outside' ? 'outsider' : 'worker' },
      }) as unknown as Host,
  )
  const nodes = hosts.slice(0, 3).map((host, index): ClusterNode => ({
    host,
    nodeId: String(index).padEnd(25, 'n'),
    role: index === 0 ? 'manager' : 'worker',
    advertise: { address: `192.168.55.1${index + 1}`, interface: device },
    dataPath: { address: `192.168.56.1${index + 1}`, interface: device },
    engineVersion: '28.5.2',
    kernelRelease: '6.12.1',
  }))
  const [manager] = nodes
  if (manager === undefined) throw new Error('a lab has a manager')
  const cluster = { nodes, manager, dataPathPort: 4789 }
  return { on: { cluster, stack: stackOn(nodes, prefix), lab: { hosts } }, remotes }
}

function stackOn(nodes: readonly ClusterNode[], namePrefix: string): Stack {
  const names = stackNames({ namePrefix })
  const roles = ['ingress', 'clear', 'secret', 'auto', 'extra', 'shop'] as const
  const networks = Object.fromEntries(
    roles.map((role, index): [NetworkRole, OverlayNetwork] => [
      role,
      {
        id: role.padEnd(25, '0'),
        name: role === 'ingress' ? 'ingress' : names.networks[role],
        ...{ subnet: `10.91.${index}.0/24`, gateway: `10.91.${index}.254`, vni: 4096 + index },
        ...{ encrypted: role === 'secret', ingress: role === 'ingress' },
      },
    ]),
  ) as Stack['networks']
  const ports: Partial<Record<ServiceRole, Service['published']>> = {
    web: [{ protocol: 'tcp', publishedPort: 8080, targetPort: 80, mode: 'ingress' }],
    dual: [
      { protocol: 'udp', publishedPort: 8081, targetPort: 80, mode: 'ingress' },
      { protocol: 'tcp', publishedPort: 8082, targetPort: 80, mode: 'ingress' },
    ],
    here: [{ protocol: 'tcp', publishedPort: 8083, targetPort: 80, mode: 'host' }],
  }
  const services = Object.fromEntries(
    (Object.entries(names.services) as [ServiceRole, string][]).map(
      ([role, name]): [ServiceRole, Service] => [
        role,
        {
          ...{ id: role.padEnd(25, '1'), name, endpointMode: 'vip', published: ports[role] ?? [] },
          vips: { [networks.clear.id]: '10.91.1.2' },
        },
      ],
    ),
  ) as Stack['services']
  const placed: readonly (readonly [ServiceRole, number, readonly NetworkRole[]])[] = [
    ...[0, 1, 2].flatMap((node) => [
      ['rr', node, ['clear']] as const,
      ['vault', node, ['secret']] as const,
      ['front', node, ['shop']] as const,
    ]),
    ...[['web', 1, ['clear', 'ingress']] as const, ['web', 2, ['clear', 'ingress']] as const],
    ...[['island', 2, ['auto']] as const, ['both', 1, ['clear', 'extra']] as const],
    ...[['dual', 0, ['extra']] as const, ['here', 1, ['extra']] as const, ['back', 0, ['shop']] as const],
  ]
  const tasks = placed.map(([role, at, on], index): Task => {
    const endpoint = (network: NetworkRole): [string, Endpoint] => [
      networks[network].name,
      {
        address: `10.91.${roles.indexOf(network)}.${20 + index}`,
        ...{ mac: `02:42:0a:5b:01:${20 + index}`, prefixLength: 24 },
      },
    ]
    return {
      ...{ id: `t${index}`.padEnd(25, '0'), service: names.services[role], node: nodes[at] as ClusterNode },
      ...{ containerId: 'f'.repeat(64), pid: 700 + index, hostname: `t${index}` },
      endpoints: Object.fromEntries(on.map(endpoint)),
    }
  })
  return {
    names,
    networks,
    services,
    tasks,
    probeTask: { image: labImage, nonce: '0123456789abcdef01234567' },
    bulkBytes: 1,
  }
}
