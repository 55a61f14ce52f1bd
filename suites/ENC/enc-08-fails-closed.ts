import { randomBytes } from 'node:crypto'
import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { withoutOutboundPolicies } from '../../lib/change/outbound-policies.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { refOf, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { UdpRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { type Undone, undoing, undoneTooEarly } from '../RES/undoing.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'
import { type WiresSeen, withWires } from '../scene/recordings/recording.ts'
import { moby } from '../source.ts'
import { tasksAt } from '../scene/sending/counted.ts'

const datagrams = 5

export const failsClosed = requirement({
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
  codes: ['fails-open'],
  changes: ['host'],
  quiet: ['changes'],
  reads: [],
  probes: (lab) => {
    const [first] = lab.facts.nodes
    const others = ['clear', 'secret'].flatMap((role) =>
      tasksAt(lab, role as 'clear' | 'secret').filter(({ node }) => node !== first?.name),
    )
    return datagrams * others.length
  },
  async observe(lab): Promise<Seen> {
    const { cluster, stack } = lab
    const node = cluster.nodes.find((candidate) =>
      tasksOn(stack, 'secret').some((task) => task.node === candidate),
    )
    if (node === undefined) throw new Inconclusive('no node has a task on the encrypted network')
    const words = { clear: randomBytes(12).toString('hex'), secret: randomBytes(12).toString('hex') }
    const requests = [
      ...requestsOf(lab, node, 'clear', words.clear),
      ...requestsOf(lab, node, 'secret', words.secret),
    ]
    const putBack = await withoutOutboundPolicies(node.host, { run: lab.label })
    if (putBack === undefined)
      throw new Inconclusive(`${node.host.name} has no outbound policy to begin with`)
    const point = {
      ...{ host: node.host, interface: node.dataPath.interface, direction: 'out' as const },
      ...{ vxlanPorts: [cluster.dataPathPort], filter: `udp port ${cluster.dataPathPort} or esp` },
      markers: Object.values(words),
    }
    let undone: Undone
    let wires: WiresSeen
    try {
      ;({ wires } = await withWires(lab, [point], words, async () => {
        await lab.probe.send(requests)
        return {}
      }))
    } finally {
      undone = await undoing(putBack)
    }
    return { node: node.host.name, wires, undone }
  },
  judge({ node, wires, undone }, facts) {
    const { clear, secret } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const frames = seenFrames(got.values())
    const leaked = frames.filter(
      ({ vxlan, matched }) => vxlan?.vni === secret.vni || matched.includes('secret'),
    )
    const twin = {
      vxlan: frames.filter(({ vxlan }) => vxlan?.vni === clear.vni).length,
      nonce: frames.filter(({ matched }) => matched.includes('clear')).length,
    }
    return judgement({
      problems:
        leaked.length === 0
          ? []
          : [
              {
                ...{ code: 'fails-open', kind: 'seen', node, network: secret.name },
                ...{ subject: String(secret.vni), observed: leaked.length },
              },
            ],
      controls: [
        { name: 'VXLAN of the clear twin found', held: twin.vxlan > 0, observed: twin.vxlan },
        { name: 'payload of the clear twin found', held: twin.nonce > 0, observed: twin.nonce },
      ],
      missing,
      unseen: [...unseen, ...undoneTooEarly(undone, node)],
      tables: {
        'controls: packets of the clear twin found by the same matchers': twin,
        'packets of the encrypted network that left in clear': {
          packets: leaked.length,
          withReadablePayload: leaked.filter(({ matched }) => matched.includes('secret')).length,
        },
        ...(undone === null ? {} : { 'the policies were not put back': undone.message }),
      },
      packets: { 'left in clear': leaked.slice(0, 40).map(refOf) },
      conclusion:
        got.size === 0
          ? ''
          : `with its outbound policies gone ${node} sent nothing of ${secret.name} in clear, while ${twin.vxlan} packets of the clear twin were found`,
    })
  },
})

interface Seen {
  readonly node: string
  readonly wires: WiresSeen
  readonly undone: Undone
}

function requestsOf(
  { stack }: ObserveContext,
  node: ClusterNode,
  role: 'clear' | 'secret',
  word: string,
): UdpRequest[] {
  const tasks = tasksOn(stack, role)
  const from = tasks.find((task) => task.node === node)
  const others = tasks.filter((task) => task.node !== node)
  if (from === undefined || others.length === 0)
    throw new Inconclusive(`no two nodes have tasks on ${stack.networks[role].name}`)
  return others.flatMap((to) =>
    Array.from({ length: datagrams }, (): UdpRequest => ({
      ...{ kind: 'udp', from: inTask(from), to: addressOn(to, stack.networks[role]), port: 9 },
      ...{ payload: Buffer.from(word), expectReply: false },
    })),
  )
}
