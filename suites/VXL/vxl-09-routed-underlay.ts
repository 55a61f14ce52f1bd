import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Host } from '../../lib/host/host.ts'
import { type Change, reversibly } from '../../lib/host/reversibly.ts'
import { shell } from '../../lib/host/shell.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerEsp, outerIp } from '../../lib/packet/query.ts'
import { scriptLines, sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { onlyEsp } from '../ENC/enc-01-only-esp.ts'
import { fullMesh } from '../OVL/ovl-03-full-mesh.ts'
import { holdsAgain } from '../RES/holds-again.ts'
import { orderedPairs } from '../scene/pair.ts'
import { internals } from '../source.ts'
import { addresses } from './vxl-02-addresses.ts'

/** Nothing has to be learnt for it: routes are there at once, and the engines take no notice. */
const holdsWithinMs = 60_000
/** Routes go by themselves if the owner of the run dies. */
const atMostSeconds = 600

const wanted = [fullMesh, addresses, onlyEsp]

export const routedUnderlay = conformanceTest({
  id: 'VXL-09',
  requirement:
    'Between nodes that reach each other only through a router, tasks reach each other, clear and encrypted, and outer addresses stay the hosts’.',
  source: [internals('vxlan')],
  safety: 'lab',
  needs: ['two-nodes', 'outsider', 'encrypted-overlay'],
  timeLimitMs: 420_000,
  method:
    'Every node is given a route of its own to each other node by way of a host outside the swarm, which forwards: each node is then alone in its subnet, as far as the others go. Within 60 s the full mesh of tasks, the addresses of VXLAN and the encryption of the encrypted network (OVL-03, VXL-02, ENC-01) must hold in one look. Control: the router’s interface is recorded meanwhile, and VXLAN and ESP of every ordered pair of nodes must have passed it with its outer TTL one less on the way out. Then the routes are taken away.',
  usualCauses: [
    'a firewall between the subnets lets neither UDP on the data-path port nor IP protocol 50 pass',
    'the way between the subnets carries less than the underlay: see MTU-02',
    'a router between rewrites addresses (NAT), which encryption does not survive',
  ],
  remedy: [
    'tracepath -n OTHER-ADDRESS on the node named',
    'allow 2377/tcp, 7946/tcp+udp, the data-path port/udp and protocol 50 between the subnets of all nodes',
  ],
  async run(context) {
    const { cluster, outsiders, topology, wire, evidence } = context
    const [router] = outsiders
    if (router === undefined) throw new Error('the lab has no host outside the swarm to route')
    const at = router.underlays[topology.swarm.dataPath]
    if (at === undefined) throw new Error(`${router.name} is not on ${topology.swarm.dataPath}`)
    const undo = await route(cluster.nodes, router, at, context.label)
    let passed: readonly Packet[]
    let seconds: number
    try {
      const point = {
        host: router,
        interface: at.interface,
        direction: 'both' as const,
        filter: `udp port ${cluster.dataPathPort} or esp`,
        vxlanPorts: [cluster.dataPathPort],
      }
      const { result, recordings } = await wire.during([point], () =>
        holdsAgain(context, wanted, {
          since: `${router.name} routes between ${cluster.nodes.map(({ host }) => host.name).join(', ')}`,
          withinMs: holdsWithinMs,
        }),
      )
      seconds = result
      if (recordings.length === 0) throw new Error('the router is not recorded')
      passed = recordings.flatMap(soundPackets)
    } finally {
      await undo()
    }
    const pairs = orderedPairs(cluster.nodes)
    const kinds = [
      { kind: 'VXLAN', is: (packet: Packet) => layerOf(packet, 'vxlan') !== undefined },
      { kind: 'ESP', is: (packet: Packet) => outerEsp(packet) !== undefined },
    ]
    const rows = pairs.flatMap(([from, to]) =>
      kinds.map(({ kind, is }) => ({
        ...{ kind, from: from.host.name, to: to.host.name },
        ttls: ttlsOf(passed.filter(is), from, to),
      })),
    )
    evidence.observe(`TTLs of what passed ${router.name}, with the number of packets`, rows)
    evidence.measure('until everything held by way of the router', seconds, 's', holdsWithinMs / 1000)
    const past = rows.filter(({ ttls }) => Object.keys(ttls).length < 2)
    if (past.length > 0) {
      const told = past.map(({ kind, from, to }) => `${kind} ${from} → ${to}`)
      throw new Error(
        `not everything went by way of ${router.name}, so nothing is shown of routed nodes: ${told.join(', ')}`,
      )
    }
    evidence.conclude(
      `with ${router.name} routing between ${cluster.nodes.length} nodes ${wanted.map(({ id }) => id).join(', ')} held after ${seconds} s; VXLAN and ESP of ${pairs.length} ordered pairs passed it`,
    )
  },
})

/** Packets from one node to another by outer TTL: as they came to the router, and as they left it. */
function ttlsOf(packets: readonly Packet[], from: ClusterNode, to: ClusterNode): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const packet of packets) {
    const ip = outerIp(packet)
    if (ip?.protocol !== 'ipv4') continue
    if (ip.source !== from.dataPath.address || ip.destination !== to.dataPath.address) continue
    counts[ip.ttl] = (counts[ip.ttl] ?? 0) + 1
  }
  return counts
}

/** Leads all traffic between nodes by way of a host; returns how to have it as before. */
async function route(
  nodes: readonly ClusterNode[],
  router: Host,
  at: { readonly interface: string; readonly address: string },
  run: string,
): Promise<() => Promise<void>> {
  const change = { name: 'routed-underlay', run, deadManSeconds: atMostSeconds }
  const done: (() => Promise<void>)[] = []
  const undo = async (): Promise<void> => {
    const results = await Promise.allSettled(done.map((each) => each()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
  try {
    // The router first: nodes must not lose each other for want of it.
    done.push(await reversibly(router, { ...change, ...(await forwarding(router, at.interface)) }))
    for (const node of nodes) {
      const others = nodes.filter((other) => other !== node).map(({ dataPath }) => `${dataPath.address}/32`)
      const way = ['via', at.address, 'dev', node.dataPath.interface]
      done.push(
        await reversibly(node.host, {
          ...change,
          do: scriptLines(others.map((other) => sh`ip route add ${other} ${way}`)),
          undo: scriptLines([...others.map((other) => sh`ip route del ${other} ${way}`), sh`true`]),
        }),
      )
    }
  } catch (error) {
    await undo()
    throw error
  }
  return undo
}

/** A host that forwards from an interface to itself, and has things as they were afterwards. */
async function forwarding(router: Host, device: string): Promise<Pick<Change, 'do' | 'undo'>> {
  const rule = ['FORWARD', '-i', device, '-o', device, '-j', 'ACCEPT']
  const redirects = ['all', device].map((name) => `/proc/sys/net/ipv4/conf/${name}/send_redirects`)
  const states = ['/proc/sys/net/ipv4/ip_forward', ...redirects]
  const values = (await shell(router, sh`cat ${states}`)).trim().split('\n')
  const restore = states.map((file, index) => sh`echo ${values[index] ?? '1'} >${file}`)
  return {
    do: scriptLines([
      sh`iptables -w -I ${rule}
echo 1 >/proc/sys/net/ipv4/ip_forward`,
      ...redirects.map((file) => sh`echo 0 >${file}`),
    ]),
    undo: scriptLines([sh`iptables -w -D ${rule}`, ...restore]),
  }
}
