import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Path, Problem } from '../../lib/observation/problem.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { addressOn, inTask, onNode, triedTaskPairs } from '../scene/sending/pair.ts'
import { type WiresSeen, withWires } from '../scene/recordings/recording.ts'
import { docs } from '../source.ts'
import { acrossNodes, tasksOfService } from '../scene/sending/counted.ts'

export const encryptedIngress = requirement({
  id: 'ENC-09',
  requirement: 'Ingress is unencrypted by default; recreated with `encrypted`, mesh traffic is ESP.',
  source: [docs('Customize the ingress network'), docs('Configure encryption of application data')],
  safety: 'lab',
  needs: ['two-nodes', 'ipvs', 'encrypted-overlay', 'encrypted-ingress'],
  method:
    'The ingress network the engine made at init must have been unencrypted; it was recorded before it was replaced. With the encrypted one, every node asks its own published port until tasks on the other nodes have answered, while what leaves the data-path interface of each node is recorded: ESP must pass between the nodes, and no VXLAN with the VNI of ingress may. Control: VXLAN of the clear network is found by the same matcher in the same recording.',
  usualCauses: [
    'the kernel refused the security associations; the engine only logs it',
    'ingress was recreated without --opt encrypted',
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) is missing on a node, so its packets are not marked',
  ],
  remedy: [
    'docker network inspect INGRESS --format "{{json .Options}}" must show "encrypted"',
    'iptables -t mangle -S OUTPUT on the node named: a rule must mark the VNI of ingress',
    'modprobe esp4 xt_bpf xt_u32, then restart the engine',
  ],
  codes: ['ingress-encrypted-by-default', 'ingress-not-encrypted', 'clear-text-left', 'no-esp-left'],
  changes: [],
  quiet: [],
  reads: [],
  probes: (lab) => 2 * lab.facts.nodes.length * tasksOfService(lab, 'web') + acrossNodes(lab, 'clear'),
  async observe(lab): Promise<Seen> {
    const { cluster } = lab
    const points = cluster.nodes.map((node) => ({
      ...{ host: node.host, interface: node.dataPath.interface, direction: 'out' as const },
      ...{ vxlanPorts: [cluster.dataPathPort], filter: `udp port ${cluster.dataPathPort} or esp` },
    }))
    return withWires(lab, points, {}, async () => ({ asked: await sendPlan(lab.probe, plan(lab)) }))
  },
  judge({ asked, wires }, facts) {
    const { ingress, clear } = facts.networks
    const missingIngress =
      ingress === undefined ? [{ what: 'ingress network', of: 'topology' as const, nodes: [] }] : []
    const { got, missing, unseen } = part(wires, 'capture')
    const leaving = seenFrames(got.values())
    const esp = leaving.filter((frame) => frame.esp !== undefined)
    const clearText = leaving.filter(({ vxlan }) => vxlan !== undefined && vxlan.vni === ingress?.vni)
    const twin = leaving.filter(({ vxlan }) => vxlan?.vni === clear.vni).length
    const crossings = crossingsOf(asked, facts)
    const first = facts.built.firstIngress as { readonly encrypted?: boolean } | undefined
    const both = crossings.flatMap(({ from, to }) => [
      { from, to },
      { from: to, to: from },
    ])
    const silent = both.filter(
      ({ from, to }) => !esp.some((frame) => frame.seenOn === from && leadsTo(frame, to, facts)),
    )
    const network = ingress?.name ?? 'ingress'
    return judgement({
      problems: [
        ...(first?.encrypted === true
          ? [{ code: 'ingress-encrypted-by-default' as const, kind: 'seen' as const, network }]
          : []),
        ...(ingress === undefined || ingress.encrypted
          ? []
          : [
              { code: 'ingress-not-encrypted' as const, kind: 'seen' as const, node: facts.manager, network },
            ]),
        ...[...groupBy(clearText, ({ seenOn, outer }) => `${seenOn} ${outer?.destination}`).values()].map(
          (frames) => leak(frames, network, ingress?.vni ?? 0, facts),
        ),
        ...[...groupBy(silent, ({ from, to }) => `${from} ${to}`).values()].flatMap(([path]): Problem[] =>
          path === undefined ? [] : [{ code: 'no-esp-left', kind: 'missed', path, network }],
        ),
      ],
      controls: [
        { name: 'requests cross hosts', held: crossings.length > 0, observed: crossings.length },
        { name: 'VXLAN of the clear network found', held: twin > 0, observed: twin },
      ],
      missing: [...missing, ...missingIngress],
      unseen:
        first === undefined
          ? [
              ...unseen,
              {
                what: 'ingress as the engine made it at init',
                nodes: [],
                why: 'it was not recorded; --fresh builds the lab again',
              },
            ]
          : unseen,
      tables: {
        'ingress as the engine made it at init': first ?? 'was not recorded',
        'mesh requests answered by a task of another node': crossings.length,
        'control: VXLAN of the clear network found': twin,
      },
      packets: {
        'ESP leaving the nodes': esp.slice(0, 40).map(refOf),
        'VXLAN of ingress in clear': clearText.slice(0, 40).map(refOf),
      },
      conclusion: `the engine’s own ingress was unencrypted; with ${network} encrypted ${crossings.length} ways through the mesh led to another node, ${esp.length} ESP packets left and no VXLAN with VNI ${ingress?.vni}, while ${twin} packets of the clear network were found`,
    })
  },
})

interface Asking {
  /** `mesh`: a node asks itself on the published port. `twin`: tasks of the clear network ping each other. */
  readonly what: 'mesh' | 'twin'
  /** Name of the node that asks. */
  readonly node: string
}

interface Seen {
  readonly asked: readonly Sent<Asking>[]
  readonly wires: WiresSeen
}

function plan(lab: ObserveContext): Planned<Asking>[] {
  const { cluster, stack } = lab
  const { clear } = stack.networks
  const { web } = stack.services
  const port = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
  if (port === undefined) throw new Inconclusive(`service ${web.name} publishes no TCP port through ingress`)
  const tasks = stack.tasks.filter((task) => task.service === web.name)
  return [
    ...cluster.nodes.map((node): Planned<Asking> => ({
      ...{ what: 'mesh', node: node.host.name },
      request: {
        ...{ kind: 'tcp', from: onNode(node), to: node.advertise.address, port: port.publishedPort },
        ...{ request: httpGet(pagePath(stack)), repeat: 2 * tasks.length, timeoutMs: 15_000 },
      },
    })),
    ...triedTaskPairs(lab, tasksOn(stack, 'clear')).map(([from, to]): Planned<Asking> => ({
      ...{ what: 'twin', node: from.node.host.name },
      request: { kind: 'icmp', from: inTask(from), to: addressOn(to, clear), packetBytes: 84 },
    })),
  ]
}

/** Ways through the mesh that were answered by a task of another node. */
function crossingsOf(asked: readonly Sent<Asking>[], { tasks, services }: ClusterFacts): Path[] {
  const web = tasks.filter(({ service }) => service === services.web.name)
  return asked
    .filter(({ what }) => what === 'mesh')
    .flatMap(({ node, probe }) =>
      web
        .filter((task) => task.node !== node && probe.replies.includes(task.hostname))
        .map((task) => ({ from: node, to: task.node })),
    )
}

function leadsTo({ outer }: SeenFrame, node: string, { nodes }: ClusterFacts): boolean {
  return nodes.some(({ name, dataPath }) => name === node && dataPath.address === outer?.destination)
}

/** Of frames that one node sent to one address. */
function leak(frames: readonly SeenFrame[], network: string, vni: number, { nodes }: ClusterFacts): Problem {
  const [first] = frames
  const destination = first?.outer?.destination ?? ''
  const to = nodes.find(({ dataPath }) => dataPath.address === destination)?.name ?? destination
  return {
    ...{ code: 'clear-text-left', kind: 'seen', path: { from: first?.seenOn ?? '', to }, network },
    ...{ subject: String(vni), observed: frames.length },
  }
}
