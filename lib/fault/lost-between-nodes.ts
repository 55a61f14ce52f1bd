import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import type { Fault, NamedBy } from './fault.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import { shell } from '../change/shell.ts'
import { gossipPort } from '../topology/swarm-defaults.ts'

interface Loss {
  readonly name: string
  readonly what: string
  readonly breaks: readonly string[]
  readonly namedBy: NamedBy
  /** iptables matches of what is lost. */
  readonly matches: (cluster: Cluster) => readonly Script[]
}

/**
 * What lies between two nodes swallows some of their traffic, one way: it leaves the one and never reaches the
 * other. A third node is put between them as a router, because a capture sees packets before a local firewall
 * drops them.
 */
function lostBetweenNodes({ name, what, matches, ...declared }: Loss): Fault {
  return {
    name,
    description: `${what} is lost between two nodes, one way`,
    ...declared,
    async plant({ cluster }) {
      const [router, from, to] = threeNodes(cluster)
      const [source, target] = [from.dataPath, to.dataPath]
      const pair = sh`-s ${source.address} -d ${target.address}`
      const rules = [
        sh`FORWARD ${pair} -j ACCEPT`,
        ...matches(cluster).map((match) => sh`FORWARD ${pair} ${match} -j DROP`),
      ]
      const each = (flag: '-I' | '-D') => scriptLines(rules.map((rule) => sh`iptables -w ${flag} ${rule}`))
      const redirects = (value: 0 | 1) =>
        scriptLines(
          ['all', router.dataPath.interface].map(
            (scope) => sh`echo ${value} > /proc/sys/net/ipv4/conf/${scope}/send_redirects`,
          ),
        )
      const detour = sh`${target.address}/32 via ${router.dataPath.address} dev ${source.interface}`
      await shell(router.host, scriptLines([redirects(0), each('-I')]))
      await shell(from.host, sh`ip route add ${detour}`)
      return {
        host: from.host.name,
        async remove() {
          await shell(from.host, sh`ip route del ${detour}`)
          await shell(router.host, scriptLines([each('-D'), redirects(1)]))
        },
      }
    },
  }
}

function threeNodes({ nodes, manager }: Cluster): [ClusterNode, ClusterNode, ClusterNode] {
  const [from, to] = nodes.filter((node) => node !== manager)
  if (from === undefined || to === undefined) throw new Error('this fault needs three nodes')
  return [manager, from, to]
}

export const vxlanLost = lostBetweenNodes({
  name: 'vxlan-lost',
  what: 'VXLAN',
  breaks: ['CTL-04', 'OVL-03', 'OVL-10'],
  namedBy: { code: 'data-path-port-blocked', at: 'pairs' },
  matches: ({ dataPathPort }) => [sh`-p udp --dport ${dataPathPort}`],
})

export const espLost = lostBetweenNodes({
  name: 'esp-lost',
  what: 'IP protocol 50',
  breaks: ['CTL-07', 'OVL-03'],
  namedBy: { code: 'esp-blocked', at: 'pairs' },
  matches: () => [sh`-p esp`],
})

export const gossipLost = lostBetweenNodes({
  name: 'gossip-lost',
  what: 'gossip on port 7946',
  breaks: ['CTL-02', 'CTL-03'],
  namedBy: { code: 'gossip-blocked', at: 'pairs' },
  matches: () => [sh`-p udp --dport ${gossipPort}`, sh`-p tcp --dport ${gossipPort}`],
})
