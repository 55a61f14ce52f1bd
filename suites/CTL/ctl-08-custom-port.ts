import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts } from '../../lib/observation/facts.ts'
import { refOf, type SeenFrame, seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { nodePairs } from '../../lib/observation/pair-sample.ts'
import { groupBy } from '../scene/judging/group-by.ts'
import { kernel, type KernelSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { underlayTraffic } from '../scene/recordings/underlay-traffic.ts'
import { docs } from '../source.ts'
import { defaultDataPathPort } from '../../lib/topology/swarm-defaults.ts'

export const customPort = requirement({
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
  codes: ['data-on-other-port', 'device-port-differs', 'not-encapsulated', 'no-esp-left'],
  changes: [],
  quiet: [],
  reads: [underlayTraffic, kernel],
  observe: async (lab) => ({ traffic: await lab.scene(underlayTraffic), kernel: await lab.scene(kernel) }),
  judge({ traffic: { wires, decoyVni }, kernel: states }, facts) {
    const { dataPathPort } = facts
    const { got, missing, unseen } = part(wires, 'capture')
    const onDataPath = [...got.values()].filter((wire) =>
      facts.nodes.some(({ name, dataPath }) => name === wire.node && dataPath.interface === wire.interface),
    )
    const leaving = seenFrames(onDataPath).filter(({ egress }) => egress)
    const vxlan = leaving.filter(
      (frame) => frame.udp !== undefined && (frame.vxlan !== undefined || frame.matched.includes('clear')),
    )
    const decoys = vxlan.filter((frame) => frame.vxlan?.valid === true && frame.vxlan.vni === decoyVni)
    const own = vxlan.filter((frame) => !decoys.includes(frame))
    const onPort = own.filter(({ udp }) => udp?.to === dataPathPort)
    const elsewhere = own.filter(({ udp }) => udp?.to !== dataPathPort)
    const esp = leaving.filter((frame) => frame.esp !== undefined)
    const pairs = nodePairs(facts, facts.nodes, ({ name }) => name)
    const devices = part(devicePorts(facts, states), 'VXLAN devices')
    const listed = [...devices.got].flatMap(([node, all]) => all.map((device) => ({ node, ...device })))
    const passes = (frames: readonly SeenFrame[], [from, to]: (typeof pairs)[number]): boolean =>
      frames.some(({ seenOn, outer }) => seenOn === from.name && outer?.destination === to.dataPath.address)
    return judgement({
      problems: [
        ...[
          ...groupBy(
            elsewhere,
            ({ seenOn, outer, udp }) => `${seenOn} ${outer?.destination} ${udp?.to}`,
          ).values(),
        ].flatMap(([first]) => (first === undefined ? [] : [portProblem(first, facts)])),
        ...listed
          .filter(({ port }) => port !== dataPathPort)
          .map(({ node, namespace, port }): Problem => ({
            ...{ code: 'device-port-differs', kind: 'seen', node, subject: namespace },
            ...{ observed: port, expected: dataPathPort },
          })),
        ...pairs
          .filter((pair) => !passes(onPort, pair))
          .map(([from, to]): Problem => ({
            ...{ code: 'not-encapsulated', kind: 'missed', node: from.name, port: dataPathPort },
            path: { from: from.name, to: to.name },
          })),
        ...pairs
          .filter((pair) => !passes(esp, pair))
          .map(([from, to]): Problem => ({
            ...{ code: 'no-esp-left', kind: 'missed', network: facts.networks.secret.name },
            path: { from: from.name, to: to.name },
          })),
      ],
      controls: [
        {
          name: `VXLAN sent to port ${defaultDataPathPort} on purpose is found`,
          ...{ held: decoys.length >= pairs.length, observed: decoys.length },
        },
      ],
      missing: [...missing, ...devices.missing],
      unseen: [...unseen, ...devices.unseen],
      tables: {
        'VXLAN leaving by node and port': countBy(own, ({ seenOn, udp }) => `${seenOn}, port ${udp?.to}`),
        [`control: VXLAN ${decoyVni} sent to port ${defaultDataPathPort} found`]: decoys.length,
        'ports of VXLAN devices': countBy(listed, ({ node, port }) => `${node}, port ${port}`),
      },
      packets: {
        'VXLAN on the configured port': onPort.slice(0, 20).map(refOf),
        'VXLAN on another port': elsewhere.slice(0, 40).map(refOf),
      },
      conclusion:
        onPort.length === 0
          ? ''
          : `${onPort.length} VXLAN packets of ${pairs.length} ordered pairs of nodes left for UDP port ${dataPathPort}, none of the swarm’s for another; the same matcher found the ${decoys.length} sent to ${defaultDataPathPort} on purpose; ${listed.length} VXLAN devices have the port`,
    })
  },
})

function portProblem({ seenOn, outer, udp }: SeenFrame, facts: ClusterFacts): Problem {
  const destination = outer?.destination ?? ''
  const to = facts.nodes.find(({ dataPath }) => dataPath.address === destination)?.name ?? destination
  return {
    ...{ code: 'data-on-other-port', kind: 'seen', node: seenOn, path: { from: seenOn, to } },
    ...{ observed: udp?.to ?? 0, expected: facts.dataPathPort },
  }
}

type Device = { readonly namespace: string; readonly port: number }

function devicePorts(
  facts: ClusterFacts,
  states: KernelSeen,
): Readonly<Record<string, Part<readonly Device[]>>> {
  return Object.fromEntries(
    facts.nodes.map(({ name }): readonly [string, Part<readonly Device[]>] => {
      const root = rootSeen(states, name, 'devices')
      if (!('got' in root)) return [name, root]
      const got = Object.entries(states[name]?.namespaces ?? {}).flatMap(([namespace, { links }]) =>
        links.flatMap(({ vxlan }) => (vxlan === undefined ? [] : [{ namespace, port: vxlan.port }])),
      )
      return [name, { got }]
    }),
  )
}

function countBy<T>(entries: readonly T[], key: (entry: T) => string): Record<string, number> {
  return Object.fromEntries([...groupBy(entries, key)].map(([name, group]) => [name, group.length]))
}
