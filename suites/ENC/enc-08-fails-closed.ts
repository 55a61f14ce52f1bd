import { randomBytes } from 'node:crypto'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { withoutOutboundPolicies } from '../../lib/host/outbound-policies.ts'
import { containsBytes, layerOf, outerIp } from '../../lib/packet/query.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { addressOn, inTask } from '../scene/pair.ts'
import { moby } from '../source.ts'

const datagrams = 5

export const failsClosed = conformanceTest({
  id: 'ENC-08',
  requirement: 'With an outbound policy gone, cleartext of an encrypted network does not leave.',
  source: [moby('libnetwork/drivers/overlay/encryption.go')],
  safety: 'lab',
  advisory: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  unplantable: 'the engine violates it as it is (seen on 26.1.5), so it fails without a fault',
  method:
    'The engine’s outbound IPsec policies of one node, and no others, are removed one by one, as after a failed key exchange or a flush by hand. A task of the encrypted network there sends datagrams with a nonce to the other nodes and waits for no answer, because what arrives in clear is dropped. What leaves the node is recorded: no VXLAN with the network’s VNI and no nonce may be in it. Control: the clear twin’s datagrams, sent alike, are found by the same matchers. The policies are put back.',
  usualCauses: [
    'engines mark packets for encryption and rely on the policy; without it the kernel sends what is marked as it is',
  ],
  remedy: [
    'on every node: iptables -t mangle -A POSTROUTING -m mark --mark 0xd0c4e3 -m policy --dir out --pol none -p udp --dport 4789 -j DROP',
    'watch for policies that go: ip xfrm policy | grep -c "dir out" must be the number of peers',
  ],
  async run(context) {
    const { cluster, stack, wire, probe, evidence, label } = context
    const node = cluster.nodes.find((candidate) =>
      tasksOn(stack, 'secret').some((task) => task.node === candidate),
    )
    if (node === undefined) throw new Error('no node has a task on the encrypted network')
    const putBack = await withoutOutboundPolicies(node.host, { run: label })
    if (putBack === undefined) throw new Error(`${node.host.name} has no outbound policy to begin with`)
    const nonces = { clear: randomBytes(12), secret: randomBytes(12) }
    let packets
    try {
      const point = {
        host: node.host,
        interface: node.dataPath.interface,
        direction: 'out' as const,
        vxlanPorts: [cluster.dataPathPort],
        filter: `udp port ${cluster.dataPathPort} or esp`,
      }
      const requests = (['clear', 'secret'] as const).flatMap((role) => {
        const tasks = tasksOn(stack, role)
        const from = tasks.find((task) => task.node === node)
        const others = tasks.filter((task) => task.node !== node)
        if (from === undefined || others.length === 0) throw new Error(`no two nodes have tasks on ${role}`)
        return others.flatMap((to) =>
          Array.from({ length: datagrams }, () => ({
            kind: 'udp' as const,
            from: inTask(from),
            to: addressOn(to, stack.networks[role]),
            port: 9,
            payload: nonces[role],
            expectReply: false,
          })),
        )
      })
      const { recordings } = await wire.during([point], () => probe.send(requests))
      packets = recordings.flatMap(soundPackets)
      if (recordings.length === 0) throw new Error('nothing was recorded')
    } finally {
      await putBack()
    }
    const host = node.host.name
    const withVni = (vni: number) => packets.filter((packet) => layerOf(packet, 'vxlan')?.vni === vni)
    const holding = (nonce: Uint8Array) => packets.filter((packet) => containsBytes(packet, nonce))
    const controls = { vxlan: withVni(stack.networks.clear.vni).length, nonce: holding(nonces.clear).length }
    evidence.observe('controls: packets of the clear twin found by the same matchers', controls)
    const leaked = new Set([...withVni(stack.networks.secret.vni), ...holding(nonces.secret)])
    evidence.observe('packets of the encrypted network that left in clear', leaked.size)
    if (leaked.size > 0) evidence.packets('left in clear', [...leaked].slice(0, 40))
    const readable = holding(nonces.secret).length
    requireNone(
      'without outbound policies nothing of the encrypted network leaves in clear',
      [
        ...new Set(
          [...leaked].map(
            (packet) =>
              `${leaked.size} packets with VNI ${stack.networks.secret.vni} left ${host} in clear, ${readable} with readable payload, first to ${outerIp(packet)?.destination}: the engine fails open`,
          ),
        ),
      ].slice(0, 1),
    )
    if (controls.vxlan === 0 || controls.nonce === 0)
      throw new Error('the matchers did not find the clear twin’s packets, so "none seen" proves nothing')
    evidence.conclude(
      `with its outbound policies gone ${host} sent nothing of ${stack.networks.secret.name} in clear, while ${controls.vxlan} packets of the clear twin were found`,
    )
  },
})
