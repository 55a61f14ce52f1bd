import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { takers } from '../../lib/swarm/cluster.ts'
import { internals, moby } from '../source.ts'
import { type Footprint, footprint, type Holdings, leftProblems, traceText } from './leftovers.ts'
import { goneWithinMs, heldNow, pollUntilGone } from './until-gone.ts'

export const nothingLeft = requirement({
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
  codes: ['left-after-removal', 'ipsec-left-after-removal'],
  changes: ['service', 'network'],
  quiet: ['changes'],
  reads: [],
  async observe(lab) {
    const before = await heldNow(lab, [])
    const { networks, during } = await comeAndGo(lab)
    const polled = await pollUntilGone(lab, networks, before)
    return { networks, before, during, polled }
  },
  judge({ networks, before, during, polled }) {
    const seconds = goneWithinMs / 1000
    const present = networks.map((network) => ({ network, ...heldBy(network, during) }))
    const stood = Math.min(...present.map(({ nodes }) => nodes.length))
    const parts = [part(before, 'kernel state before'), part(polled.last, 'kernel state after removal')]
    const problems = leftProblems(polled.last, before)
    return judgement({
      problems,
      controls: present.map(({ network, nodes }) => ({
        name: `${network.name} seen in the kernels of two nodes while tasks ran on it`,
        held: nodes.length >= 2,
        observed: nodes.length,
      })),
      measures: polled.reached
        ? [{ name: 'until nothing was left', value: polled.seconds, unit: 's', bound: seconds }]
        : [],
      missing: parts.flatMap(({ missing }) => missing),
      unseen: parts.flatMap(({ unseen }) => unseen),
      tables: {
        'while it was there': present.map(({ network, nodes, forExample }) => ({
          ...{ network: network.name, vni: network.vni, heldBy: nodes, forExample },
        })),
        'left after removal': problems,
      },
      conclusion: `${networks.map(({ name }) => name).join(' and ')} stood on ${stood} nodes and more; ${polled.seconds} s after their removal no node held anything of them, nor an IPsec state or policy more than before`,
    })
  },
})

/** Two networks with a task on every node, and what kernels held meanwhile; all of it is gone on return. */
async function comeAndGo(lab: ObserveContext): Promise<{ networks: readonly Footprint[]; during: Holdings }> {
  await using trial = lab.trial('ovl12')
  const clear = await trial.network('clear')
  const secret = await trial.network('secret', ['--opt', 'encrypted'])
  const service = await trial.service('task', [
    ...['--network', clear.name, '--network', secret.name],
    ...['--mode', 'global'],
  ])
  const tasks = await trial.running([service], takers(lab.cluster).length)
  const networks = [footprint(clear, tasks), footprint(secret, tasks)]
  const during = await heldNow(lab, networks)
  await trial.removeService(service)
  await trial.removeNetwork(clear)
  await trial.removeNetwork(secret)
  return { networks, during }
}

/** Nodes whose kernels held something of a network, and what the first of them held. */
function heldBy({ name }: Footprint, during: Holdings) {
  const held = [...part(during, '').got]
    .map(([node, { traces }]) => ({ node, own: traces.filter(({ network }) => network === name) }))
    .filter(({ own }) => own.length > 0)
  return {
    nodes: held.map(({ node }) => node),
    forExample: (held[0]?.own ?? []).slice(0, 6).map(traceText),
  }
}
