import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { type ClusterNode, type OverlayNetwork, takers, type Task } from '../../lib/swarm/cluster.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { internals, moby } from '../source.ts'
import { type Footprint, tracesOf, xfrmMore, xfrmOf } from './leftovers.ts'

/**
 * Engines take a network down when its last task on the node ends, before the manager lets it be removed; no source
 * names a time. Emulated hosts under load need several seconds.
 */
const goneWithinMs = 30_000

export const nothingLeft = conformanceTest({
  id: 'OVL-12',
  requirement:
    'After removal of a network no namespace, bridge, vxlan device, FDB entry or xfrm state of it is left on any node.',
  source: [
    internals('Inspecting vxlan tunnel interfaces'),
    moby('libnetwork/drivers/overlay, deleteNetwork and destroySandbox'),
  ],
  safety: 'production',
  needs: ['two-nodes'],
  method:
    'Two overlays of the test’s own, one of them encrypted, get a task on every node; the kernels of two nodes at least must then hold each of them, which shows that the same look finds what is there. Service and networks are removed. Within 30 s no kernel may hold their namespaces, VXLAN devices of their VNIs, interfaces with addresses of their subnets or forwarding entries of their tasks, nor an IPsec state or policy that was not there before.',
  usualCauses: [
    'a process still holds the namespace open: a monitor, a debugging shell, a container runtime that hung',
    'the engine was restarted or cut off while the network was removed',
    'the engine could not unmount the namespace’s file and only logged it',
  ],
  remedy: [
    'ls /run/docker/netns; lsns -t net; fuser -v -m FILE on the node named, and end what holds it',
    'restart the engine of the node named: it cleans up when it starts',
  ],
  async run(context) {
    const { cluster, evidence } = context
    const before = await context.state({ fresh: true })
    requireReadable(cluster.nodes, before)
    const { networks, during } = await comeAndGo(context)
    const present = networks.map((network) => ({
      network,
      nodes: cluster.nodes.filter((node) => tracesOf(network, stateOf(during, node)).length > 0),
    }))
    evidence.observe(
      'while it was there',
      present.map(({ network, nodes }) => ({
        network: network.name,
        vni: network.vni,
        heldBy: nodes.map(({ host }) => host.name),
        forExample: nodes[0] === undefined ? [] : tracesOf(network, stateOf(during, nodes[0])).slice(0, 6),
      })),
    )
    const unseen = present.find(({ nodes }) => nodes.length < 2)
    if (unseen !== undefined) {
      throw new Error(
        `${unseen.network.name} was seen in the kernels of ${unseen.nodes.length} nodes while tasks ran on it, so "nothing left" proves nothing`,
      )
    }
    const { seconds, left } = await untilGone(context, networks, before)
    evidence.observe('left after removal', left)
    evidence.measure('until nothing was left', seconds, 's', goneWithinMs / 1000)
    requireNone(`nothing of removed networks is left within ${goneWithinMs / 1000} s`, left)
    evidence.conclude(
      `${networks.map(({ name }) => name).join(' and ')} stood on ${Math.min(...present.map(({ nodes }) => nodes.length))} nodes and more; ${seconds} s after their removal no node held anything of them, nor an IPsec state or policy more than before`,
    )
  },
})

/** Two networks with a task on every node, and how the kernels were meanwhile; all of it is gone on return. */
async function comeAndGo(
  context: TestContext,
): Promise<{ networks: readonly Footprint[]; during: ReadonlyMap<string, HostState> }> {
  await using trial = context.trial('ovl12')
  const clear = await trial.network('clear')
  const secret = await trial.network('secret', ['--opt', 'encrypted'])
  const service = await trial.service('task', [
    ...['--network', clear.name, '--network', secret.name],
    ...['--mode', 'global'],
  ])
  const tasks = await trial.running([service], takers(context.cluster).length)
  const during = await context.state({ fresh: true })
  await trial.removeService(service)
  await trial.removeNetwork(clear)
  await trial.removeNetwork(secret)
  return { networks: [footprint(clear, tasks), footprint(secret, tasks)], during }
}

function footprint({ id, name, subnet, vni }: OverlayNetwork, tasks: readonly Task[]): Footprint {
  const macs = tasks.flatMap(({ endpoints }) => endpoints[name]?.mac ?? []).filter((mac) => mac !== '')
  return { id, name, subnet, vni, macs: new Set(macs) }
}

async function untilGone(
  context: TestContext,
  networks: readonly Footprint[],
  before: ReadonlyMap<string, HostState>,
): Promise<{ seconds: number; left: readonly string[] }> {
  const { nodes } = context.cluster
  const startedAt = performance.now()
  let left: readonly string[] = ['the kernels could not be read']
  const bound = { what: 'nothing is left', withinMs: goneWithinMs, everyMs: 1000, signal: context.signal }
  await eventually(bound, async () => {
    const states = await context.state({ fresh: true })
    requireReadable(nodes, states)
    left = nodes.flatMap((node) => {
      const state = stateOf(states, node)
      const traces = networks.flatMap((network) =>
        tracesOf(network, state).map((trace) => `${trace} of ${network.name}`),
      )
      const more = xfrmMore(xfrmOf(stateOf(before, node)), xfrmOf(state))
      return [...traces, ...more].map((trace) => `${node.host.name}: ${trace}`)
    })
    return left.length === 0 ? { ready: true, value: undefined } : { ready: false, seen: left.join('; ') }
  }).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
  })
  return { seconds: Math.round((performance.now() - startedAt) / 100) / 10, left }
}

function requireReadable(nodes: readonly ClusterNode[], states: ReadonlyMap<string, HostState>): void {
  for (const node of nodes) {
    rootOf(stateOf(states, node), 'ip')
    rootOf(stateOf(states, node), 'bridge')
  }
}
