import type { HostState, Link } from '../lib/observe/host-state.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'

type State = Changeable<HostState>

/** Rules that programs beside docker put first into their chains, as `iptables-save` of real hosts has them. */
const first: readonly (readonly [string, string, string])[] = [
  // Tailscale
  ['filter', 'INPUT', '-j ts-input'],
  ['filter', 'ts-input', '-s 100.101.102.103/32 -i lo -j ACCEPT'],
  ['filter', 'ts-input', '-s 100.64.0.0/10 ! -i tailscale0 -j DROP'],
  ['filter', 'ts-input', '-i tailscale0 -j ACCEPT'],
  ['filter', 'ts-input', '-p udp -m udp --dport 41641 -j ACCEPT'],
  ['filter', 'FORWARD', '-j ts-forward'],
  ['filter', 'ts-forward', '-i tailscale0 -j MARK --set-xmark 0x40000/0xff0000'],
  ['filter', 'ts-forward', '-m mark --mark 0x40000/0xff0000 -j ACCEPT'],
  ['filter', 'ts-forward', '-s 100.64.0.0/10 -o tailscale0 -j DROP'],
  ['filter', 'ts-forward', '-o tailscale0 -j ACCEPT'],
  // kube-proxy and Calico
  ['nat', 'PREROUTING', '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'],
  ['nat', 'OUTPUT', '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'],
  ['nat', 'KUBE-SERVICES', '-d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-1'],
  ['nat', 'KUBE-SERVICES', '-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS'],
  ['nat', 'KUBE-NODEPORTS', '-p tcp -m tcp --dport 30080 -j KUBE-SVC-1'],
  ['nat', 'KUBE-SVC-1', '-m statistic --mode random --probability 0.5 -j KUBE-SEP-1'],
  ['nat', 'KUBE-SEP-1', '-p tcp -m tcp -j DNAT --to-destination 10.244.1.5:6443'],
  ['filter', 'FORWARD', '-m conntrack --ctstate INVALID -j DROP'],
  ['filter', 'INPUT', '-j KUBE-FIREWALL'],
  [
    'filter',
    'KUBE-FIREWALL',
    '! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
  ],
  ['filter', 'FORWARD', '-j cali-FORWARD'],
  ['filter', 'cali-FORWARD', '-i cali+ -j cali-from-wl-dispatch'],
  ['filter', 'cali-FORWARD', '-m mark --mark 0x10000/0x10000 -j ACCEPT'],
  ['filter', 'cali-from-wl-dispatch', '-j DROP'],
  ['filter', 'INPUT', '-j cali-INPUT'],
  [
    'filter',
    'cali-INPUT',
    '-p udp -m udp --dport 4789 -m addrtype --dst-type LOCAL -m set --match-set cali40all-vxlan-net src -j ACCEPT',
  ],
  // libvirt
  ['filter', 'FORWARD', '-j LIBVIRT_FWI'],
  [
    'filter',
    'LIBVIRT_FWI',
    '-d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ],
  ['filter', 'LIBVIRT_FWI', '-o virbr0 -j REJECT --reject-with icmp-port-unreachable'],
  ['filter', 'INPUT', '-j LIBVIRT_INP'],
  ['filter', 'LIBVIRT_INP', '-i virbr0 -p udp -m udp --dport 53 -j ACCEPT'],
  ['nat', 'POSTROUTING', '-j LIBVIRT_PRT'],
  ['nat', 'LIBVIRT_PRT', '-s 192.168.122.0/24 -d 224.0.0.0/24 -j RETURN'],
  [
    'nat',
    'LIBVIRT_PRT',
    '-s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535',
  ],
  // A machine of libvirt that is reached by ports of the host
  ['nat', 'PREROUTING', '-i eth0 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.168.122.10:22'],
  ['filter', 'FORWARD', '-d 192.168.122.10/32 -p tcp -m tcp --dport 22 -j ACCEPT'],
  // fail2ban and CrowdSec
  ['filter', 'INPUT', '-p tcp -m multiport --dports 22 -j f2b-sshd'],
  ['filter', 'f2b-sshd', '-s 203.0.113.7/32 -j REJECT --reject-with icmp-port-unreachable'],
  ['filter', 'f2b-sshd', '-j RETURN'],
  ['filter', 'INPUT', '-j CROWDSEC_CHAIN'],
  ['filter', 'CROWDSEC_CHAIN', '-m set --match-set crowdsec-blacklists-0 src -j DROP'],
  ['filter', 'DOCKER-USER', '-m set --match-set crowdsec-blacklists-0 src -j DROP'],
  // What the operator lets in to published ports
  ['filter', 'DOCKER-USER', '-i eth0 -p tcp -m conntrack --ctorigdstport 443 --ctdir ORIGINAL -j ACCEPT'],
  ['filter', 'DOCKER-USER', '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
  // podman
  ['nat', 'PREROUTING', '-m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT'],
  ['nat', 'NETAVARK-HOSTPORT-DNAT', '-p tcp -m tcp --dport 9443 -j NETAVARK-DN-1D8721804F16F'],
  ['nat', 'NETAVARK-DN-1D8721804F16F', '-p tcp -m tcp --dport 9443 -j DNAT --to-destination 10.88.0.5:443'],
  // answers
  ['filter', 'INPUT', '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
  ['filter', 'INPUT', '-i lo -j ACCEPT'],
  // marks of a VPN
  [
    'mangle',
    'PREROUTING',
    '-p udp -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --restore-mark',
  ],
  [
    'mangle',
    'POSTROUTING',
    '-p udp -m mark --mark 0xca6c -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --save-mark',
  ],
]

const link = (name: string, kind: string, index: number, addresses: readonly string[]): Changeable<Link> => ({
  ...{ name, kind, index, mtuBytes: 1500, mac: `02:00:00:00:00:${index - 800}`, up: true },
  addresses: addresses.map((one) => {
    const [address = '', length] = one.split('/')
    return { address, prefixLength: Number(length), family: 'inet' }
  }),
})

/** Puts beside docker what many hosts run: VPNs, virtual machines, another orchestrator, and what keeps attackers out. */
export const busyHost: ChangeKernel = (state, _, reading) => {
  addRules(state, reading === 'kernel-after' ? 57 : 5)
  state.root.links.push(
    link('tailscale0', 'tun', 810, ['100.101.102.103/32']),
    link('virbr0', 'bridge', 811, ['192.168.122.1/24']),
    link('br-5d1c0ffee0aa', 'bridge', 812, ['172.27.0.1/16']),
    link('wg0', 'wireguard', 813, ['10.66.0.2/24']),
    link('lxdbr0', 'bridge', 814, ['10.180.12.1/24']),
    { ...link('flannel.1', 'vxlan', 815, ['10.244.0.0/32']), vxlan: { vni: 1, port: 8472 } },
  )
  state.root.routes.push(
    { destination: '192.168.122.0/24', device: 'virbr0' },
    { destination: '172.27.0.0/16', device: 'br-5d1c0ffee0aa' },
    { destination: '10.66.0.0/24', device: 'wg0' },
    { destination: '10.180.12.0/24', device: 'lxdbr0' },
    { destination: '0.0.0.0/1', device: 'tun9', gateway: '10.8.0.1' },
    { destination: '128.0.0.0/1', device: 'tun9', gateway: '10.8.0.1' },
  )
  state.routingRules = [
    ...(state.routingRules ?? []),
    { priority: 5210, mark: '0x80000', table: 'main' },
    { priority: 5250, mark: '0x80000', table: '51' },
  ]
  state.securityPolicies.push(
    {
      direction: 'out',
      source: '0.0.0.0/0',
      destination: '0.0.0.0/0',
      protocol: '',
      interfaceId: 42,
      requestId: 7,
    },
    {
      direction: 'in',
      source: '0.0.0.0/0',
      destination: '0.0.0.0/0',
      protocol: '',
      interfaceId: 42,
      requestId: 7,
    },
  )
  state.listeners.push(
    { protocol: 'tcp', address: '0.0.0.0', port: 9100 },
    { protocol: 'udp', address: '0.0.0.0', port: 41641 },
    { protocol: 'tcp', address: '127.0.0.1', port: 80 },
  )
}

function addRules({ root }: State, packets: number): void {
  const counts = new Map<string, number>()
  const added = first.map(([table, chain, rule]) => {
    const position = (counts.get(`${table} ${chain}`) ?? 0) + 1
    counts.set(`${table} ${chain}`, position)
    return { table, chain, position, rule, packets, bytes: 0 }
  })
  const moved = root.firewall.map((one) => ({
    ...one,
    position: one.position + (counts.get(`${one.table} ${one.chain}`) ?? 0),
  }))
  root.firewall = [...added, ...moved]
}
