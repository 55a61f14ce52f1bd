import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Packet } from '../../lib/packet/packet.ts'
import { containsBytes, layerOf, outerEsp, outerIp } from '../../lib/packet/query.ts'
import type { stateOf } from '../scene/kernel.ts'
import { rootOf } from '../scene/kernel.ts'
import { orderedPairs } from '../scene/pair.ts'
import { underlayTraffic, usualVxlanPort } from '../scene/underlay-traffic.ts'
import { docs } from '../source.ts'

interface Leaving {
  readonly packet: Packet
  readonly node: string
  readonly to: string
  readonly port: number
  readonly vni: number | undefined
}

export const customPort = conformanceTest({
  id: 'CTL-08',
  requirement: 'A custom data-path port is honoured: all VXLAN uses it, none uses 4789.',
  source: [docs('Firewall considerations')],
  safety: 'lab',
  needs: ['two-nodes', 'custom-data-path-port'],
  knownIssues: [
    {
      issue: 'moby/moby#45635',
      engines: [{ until: '23.0.7' }, { since: '24.0', until: '24.0.3' }],
      what: 'encrypted networks do not work on a data-path port other than 4789',
    },
  ],
  method:
    'All UDP and ESP of every node’s data-path interface is recorded while tasks of the clear network send a nonce to the other hosts, and tasks of the encrypted one too. What leaves with the nonce, and whatever else is VXLAN, must go to the configured port; every VXLAN device must have it; the encrypted network must leave as ESP. Control: each node also sends VXLAN of a number no network has to port 4789, and the same matcher must find it there.',
  usualCauses: [
    'the swarm was not initialised with --data-path-port: it cannot be changed later',
    'a NAT rule for the usual port is left on a host',
    'a node was left over from an earlier swarm with another port',
  ],
  remedy: [
    'docker info --format "{{.Swarm.Cluster.DataPathPort}}" on a manager',
    'ip -d link show type vxlan in /run/docker/netns/1-… : what is dstport?',
    'iptables -t nat -S OUTPUT on the node named',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const { dataPathPort } = cluster
    const { recordings, nonces, decoyVni } = await underlayTraffic(context)
    const onDataPath = recordings.filter((entry) => entry.interface === entry.node.dataPath.interface)
    const leaving = onDataPath.flatMap(({ node, recording }) =>
      soundPackets(recording).flatMap((packet): Leaving[] => {
        const [ip, udp] = [outerIp(packet), layerOf(packet, 'udp')]
        if (ip?.source !== node.dataPath.address || udp === undefined) return []
        const vxlan = layerOf(packet, 'vxlan')
        if (vxlan === undefined && !containsBytes(packet, Buffer.from(nonces.clear))) return []
        const common = { packet, node: node.host.name, to: ip.destination, port: udp.destinationPort }
        return [{ ...common, vni: vxlan?.vniValid ? vxlan.vni : undefined }]
      }),
    )
    const decoys = leaving.filter(({ vni }) => vni === decoyVni)
    const own = leaving.filter(({ vni }) => vni !== decoyVni)
    const onPort = own.filter(({ port }) => port === dataPathPort)
    const elsewhere = own.filter(({ port }) => port !== dataPathPort)
    const pairs = orderedPairs(cluster.nodes)
    const devices = vxlanPorts(
      await context.state(),
      cluster.nodes.map((node) => node.host.name),
    )

    evidence.observe(
      'VXLAN leaving by node and port',
      countBy(own, ({ node, port }) => `${node}, port ${port}`),
    )
    evidence.observe(`control: VXLAN ${decoyVni} sent to port ${usualVxlanPort} found`, decoys.length)
    evidence.observe(
      'ports of VXLAN devices',
      countBy(devices, ({ host, port }) => `${host}, port ${port}`),
    )
    evidence.packets(
      'VXLAN on the configured port',
      onPort.slice(0, 20).map(({ packet }) => packet),
    )
    if (elsewhere.length > 0)
      evidence.packets(
        'VXLAN on another port',
        elsewhere.slice(0, 40).map(({ packet }) => packet),
      )
    requireNone(`all VXLAN goes to UDP port ${dataPathPort}`, [
      ...new Set(elsewhere.map(({ node, to, port }) => `VXLAN left ${node} for ${to} on UDP port ${port}`)),
      ...devices
        .filter(({ port }) => port !== dataPathPort)
        .map(({ host, namespace, port }) => `${host}: the VXLAN device in ${namespace} has port ${port}`),
      ...pairs
        .filter(([a, b]) => !onPort.some(({ node, to }) => node === a.host.name && to === b.dataPath.address))
        .map(([a, b]) => `no VXLAN left ${a.host.name} for ${b.host.name} on UDP port ${dataPathPort}`),
      ...pairs
        .filter(
          ([a, b]) =>
            !onDataPath.some(
              ({ node, recording }) =>
                node === a &&
                recording.packets.some(
                  (packet) =>
                    outerEsp(packet) !== undefined &&
                    outerIp(packet)?.source === a.dataPath.address &&
                    outerIp(packet)?.destination === b.dataPath.address,
                ),
            ),
        )
        .map(([a, b]) => `no ESP of ${stack.networks.secret.name} left ${a.host.name} for ${b.host.name}`),
    ])
    if (decoys.length < pairs.length) {
      throw new Error(
        `of ${pairs.length} packets sent to port ${usualVxlanPort} the matcher found ${decoys.length}, so "none seen" proves nothing`,
      )
    }
    evidence.conclude(
      `${onPort.length} VXLAN packets of ${pairs.length} ordered pairs of nodes left for UDP port ${dataPathPort}, none of the swarm’s for another; the same matcher found the ${decoys.length} sent to ${usualVxlanPort} on purpose; ${devices.length} VXLAN devices have the port`,
    )
  },
})

function vxlanPorts(
  states: Parameters<typeof stateOf>[0],
  hosts: readonly string[],
): { readonly host: string; readonly namespace: string; readonly port: number }[] {
  return hosts.flatMap((host) => {
    const state = states.get(host)
    if (state === undefined) return []
    rootOf(state, 'ip')
    return Object.entries(state.namespaces).flatMap(([namespace, { links }]) =>
      links.flatMap(({ vxlan }) => (vxlan === undefined ? [] : [{ host, namespace, port: vxlan.port }])),
    )
  })
}

function countBy<T>(entries: readonly T[], key: (entry: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const entry of entries) counts[key(entry)] = (counts[key(entry)] ?? 0) + 1
  return counts
}
