import { inWords } from '../in-words.ts'
import type { HostState } from '../../observe/host-state.ts'
import { type IngressTables, wayOfPort } from '../../observe/way-of-port.ts'
import { nodesOf } from '../../observation/problem.ts'
import { ingressNamespace } from '../../swarm/namespaces.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import type { LabView } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/**
 * The engine's firewall backend is nftables, and it leads no published port into the mesh: engines up to 29.7 write
 * those rules by iptables alone, beside chains that are not there with this backend. Told by what rules do, not by
 * versions: an engine whose rules in nftables lead ports on is not meant.
 */
export const meshNotSetUp: Rule = {
  code: 'mesh-without-rules-on-nftables',
  title: 'No published port is led into the routing mesh: the engine’s firewall backend is nftables',
  severity: ['cause'],
  meaning:
    'With `"firewall-backend": "nftables"` the engine keeps the rules of its bridges in nftables. Engines up to 29.7 make those of the mesh with iptables all the same, where they lack the chains of bridges, and give up: connections to published ports are refused and `ingress_sbox` balances nothing, while tasks are Running and networks between them work, encrypted ones too.',
  proof: [
    'Rules of nftables masquerade docker_gwbridge, and no rule of iptables does',
    'No rule of either leads a published port to `ingress_sbox`, and its IPVS has no service',
  ],
  silencedBy: [
    'A rule of iptables or nftables leads a published port to `ingress_sbox`',
    'IPVS of `ingress_sbox` has a service',
    'Something of the node’s kernel state could not be read',
  ],
  remedy: [
    'Take `"firewall-backend": "nftables"` out of `/etc/docker/daemon.json`, or set it to `"iptables"`, and `systemctl restart docker`, one node after the other',
    'See that ports are led on again: `iptables -t nat -S | grep DNAT`',
    'Where nftables has to stay, publish with `mode=host`, which needs no mesh, or use an engine whose release notes say that swarm works with this backend',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/49638',
      says: 'Rules of Swarm are to be translated from iptables to nftables; open.',
    },
    {
      url: 'https://github.com/moby/moby/pull/50467',
      says: 'Swarm and the nftables backend are refused together, for the balancer’s rule with --ipvs cannot be translated.',
    },
    {
      url: 'https://github.com/moby/moby/pull/52803',
      says: 'Encrypted overlays got rules in nftables; those of the mesh were still missing.',
    },
  ],
  find(lab) {
    const states = lab.kernelAfter ?? lab.kernelBefore ?? {}
    const ports = publishedPorts(lab)
    const found = Object.entries(states).flatMap(([node, state]) => {
      const proof = lacking(state, ports)
      return proof.length === 0 ? [] : [{ node, proof }]
    })
    const nodes = found.map(({ node }) => node)
    if (nodes.length === 0) return []
    const ingress = Object.values(lab.facts?.networks ?? {}).find((network) => network.ingress)?.name
    return [
      {
        title: `On ${inWords(nodes)} no published port is led into the routing mesh: the engine's firewall backend is nftables`,
        cause:
          'The engine keeps the rules of its bridges in nftables and makes those of the mesh with iptables, where the chain DOCKER-FORWARD does not exist with this backend. It logs "Failed to add ingress" and goes on: connections to published ports are refused, ingress_sbox balances nothing, and all tasks are Running. Networks between tasks, encrypted ones too, work.',
        remedy: [
          'On every node: take `"firewall-backend": "nftables"` out of `/etc/docker/daemon.json` (or set it to `"iptables"`), then `systemctl restart docker`, one node after the other',
          'See that ports are led on again: `iptables -t nat -S | grep DNAT`',
          'Where nftables has to stay: `docker service update --publish-rm PORT --publish-add published=PORT,target=PORT,mode=host SERVICE`, which needs no mesh, or an engine whose release notes say that swarm works with this backend',
        ],
        nodes,
        proof: found.flatMap(({ node, proof }) => proof.map((line) => `${node}: ${line}`)),
        explains: (problem) =>
          (/^(ING|RES|MTU-05)/.test(problem.requirement) || problem.network === ingress) &&
          problem.kind === 'missed' &&
          (nodesOf(problem).length === 0 || nodesOf(problem).some((name) => nodes.includes(name))),
      },
    ]
  },
  gravity: 65,
}

function publishedPorts(lab: LabView): { protocol: string; publishedPort: number }[] {
  return Object.values(lab.facts?.services ?? {}).flatMap(({ published }) =>
    published.filter(({ mode }) => mode === 'ingress'),
  )
}

/** What shows it on a node; empty where anything speaks against it. */
function lacking(state: HostState, ports: ReturnType<typeof publishedPorts>): string[] {
  const { nftables, root, namespaces } = state
  const sandbox = namespaces[ingressNamespace]
  if (nftables === undefined || sandbox === undefined || ports.length === 0 || state.unavailable.length > 0)
    return []
  const own = nftables.find(({ rules }) =>
    rules.some((rule) => rule.masquerades === true && isOnBridge(rule)),
  )
  const byIptables = root.firewall.some(({ rule }) => rule.includes(`-o ${gatewayBridgeName} -j MASQUERADE`))
  if (own === undefined || byIptables || sandbox.ipvs.length > 0) return []
  const tables: IngressTables = { root: { ...root, nftables }, sandbox }
  const ways = ports.map((port) => ({ port, way: wayOfPort(tables, port) }))
  if (ways.some(({ way }) => way.fromOutside !== undefined || way.unasked.length > 0)) return []
  const dropping = ways.find(({ way }) => way.forwarding?.verdict === 'drop')?.way.forwarding?.by
  return [
    `the rules of ${gatewayBridgeName} are in table ${own.family} ${own.table} of nftables, none of them in iptables`,
    `no rule of either leads ${ports.map(({ publishedPort, protocol }) => `${publishedPort}/${protocol}`).join(', ')} on`,
    ...(dropping !== undefined && 'position' in dropping
      ? [`${dropping.table} ${dropping.chain} drops what is forwarded to ${ingressNamespace}`]
      : []),
    `IPVS of ${ingressNamespace} has no service`,
  ]
}

function isOnBridge({
  conditions,
}: {
  readonly conditions: readonly { left: string; values: readonly string[] }[]
}): boolean {
  return conditions.some(
    ({ left, values }) => /^[io]ifname$/.test(left) && values.includes(gatewayBridgeName),
  )
}
