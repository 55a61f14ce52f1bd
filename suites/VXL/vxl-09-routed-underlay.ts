import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Host } from '../../lib/host/host.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { layerOf, outerEsp, outerIp } from '../../lib/packet/query.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { onlyEsp } from '../ENC/enc-01-only-esp.ts'
import { fullMesh } from '../OVL/ovl-03-full-mesh.ts'
import { holdsAgain } from '../RES/holds-again.ts'
import { orderedPairs } from '../scene/pair.ts'
import { internals } from '../source.ts'
import { addresses } from './vxl-02-addresses.ts'
import { type Script, scriptLines, sh } from '../../lib/remote/script.ts'

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
    const undo = await route(cluster.nodes, router, at)
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
): Promise<() => Promise<void>> {
  const forwarding = sh`FORWARD -i ${at.interface} -o ${at.interface} -j ACCEPT`
  const settings = ['all', at.interface].map((name) => `/proc/sys/net/ipv4/conf/${name}/send_redirects`)
  const forwards = '/proc/sys/net/ipv4/ip_forward'
  const states = [forwards, ...settings]
  const before = await shell(router, sh`cat ${states}`)
  const values = before.trim().split('\n')
  if (!values.every((value) => /^\d$/.test(value)))
    throw new Error(`the settings of ${router.name} are not to be read: ${before.trim().slice(0, 100)}`)
  const restore = states.map((file, index) => sh`echo ${values[index] ?? '1'} > ${file}`)
  const works = nodes.map((node) => {
    const others = nodes.filter((other) => other !== node).map(({ dataPath }) => dataPath.address)
    const each = (verb: string) =>
      others.map((other) => sh`ip route ${verb} ${other}/32 via ${at.address} dev ${node.dataPath.interface}`)
    return { host: node.host, begin: each('replace'), end: each('del') }
  })
  // The router first: nodes must not lose each other for want of it.
  const begin = [
    sh`iptables -w -I ${forwarding}`,
    sh`echo 1 > ${forwards}`,
    ...settings.map((file) => sh`echo 0 > ${file}`),
  ]
  const all = [{ host: router, begin, end: [sh`iptables -w -D ${forwarding}`, ...restore] }, ...works]
  const undo = async (): Promise<void> => {
    await Promise.all(
      all.map(({ host, end }) => shell(host, scriptLines(end.map((line) => sh`${line} || true`)))),
    )
  }
  try {
    for (const { host, begin: lines, end } of all)
      await shell(
        host,
        scriptLines([
          ...lines,
          sh`(set +e; sleep ${atMostSeconds}; ${scriptLines(end)}) >/dev/null 2>&1 </dev/null &`,
        ]),
      )
  } catch (error) {
    await undo()
    throw error
  }
  return undo
}

async function shell({ name, remote }: Host, script: Script): Promise<string> {
  const { exitCode, stdout, stderr } = await remote.exec(scriptLines([sh`set -e`, script]), {
    timeoutMs: 60_000,
  })
  if (exitCode === 0) return stdout
  throw new Error(`the routes of ${name} could not be changed: ${stderr.trim()}`)
}
