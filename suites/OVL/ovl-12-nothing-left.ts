import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { takers } from '../../lib/swarm/cluster.ts'
import { internals, moby } from '../source.ts'
import { type NetworkIdentity, footprintOf, type HeldBy, ipsecProblems, traceProblems } from './leftovers.ts'
import { goneWithinMs, lookAtKernels, pollUntilGone } from './until-gone.ts'

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
  codes: [
    'namespace-left',
    'vxlan-device-left',
    'address-left',
    'forwarding-entry-left',
    'ipsec-state-left',
    'ipsec-policy-left',
  ],
  changes: ['service', 'network'],
  // Tasks that others start on encrypted networks add IPsec states.
  quiet: ['tasks', 'changes'],
  reads: [],
  observe: comeAndGo,
  judge({ networks, before, during, gone }) {
    const [was, stood, is] = [
      part(before, 'kernel state'),
      part(during, 'kernel state'),
      part(gone.last, 'kernel state'),
    ]
    const present = networks.map(({ name, vni }) => {
      const held = [...stood.got].map(([node, { traces }]) => ({
        ...{ node, traces: traces.filter(({ network }) => network === name) },
      }))
      const holding = held.filter(({ traces }) => traces.length > 0)
      return { name, vni, nodes: holding.map(({ node }) => node), traces: holding[0]?.traces ?? [] }
    })
    const problems = leftProblems(before, gone.last)
    return judgement({
      problems,
      controls: present.map(({ name, nodes }) => ({
        ...{ name: `${name} is seen on two nodes while tasks run on it`, held: nodes.length >= 2 },
        observed: nodes.length,
      })),
      missing: gather([...was.missing, ...is.missing]),
      unseen: [...was.unseen, ...is.unseen],
      measures: [
        { name: 'until nothing was left', value: gone.seconds, unit: 's', bound: goneWithinMs / 1000 },
      ],
      tables: {
        'while it was there': present.map(({ name, vni, nodes, traces }) => ({
          ...{ network: name, vni, heldBy: nodes },
          forExample: traces.slice(0, 6),
        })),
        'left after removal': problems.map(({ node, code, subject, network }) => ({
          ...{ node, code, subject, network },
        })),
      },
      conclusion: `${networks.map(({ name }) => name).join(' and ')} stood on ${Math.min(...present.map(({ nodes }) => nodes.length))} nodes and more; ${gone.seconds} s after their removal no node held anything of them, nor an IPsec state or policy more than before`,
    })
  },
})

/** Two networks with a task on every node, and how the kernels were before, meanwhile and afterwards. */
async function comeAndGo(lab: ObserveContext) {
  const before = await lookAtKernels(lab, [])
  const { networks, during } = await standing(lab)
  const gone = await pollUntilGone(lab, networks, (seen) => leftProblems(before, seen))
  return { networks, before, during, gone }
}

/** All that it makes is gone on return. */
async function standing(
  lab: ObserveContext,
): Promise<{ readonly networks: readonly NetworkIdentity[]; readonly during: HeldBy }> {
  await using trial = lab.trial('ovl12')
  const clear = await trial.network('clear')
  const secret = await trial.network('secret', ['--opt', 'encrypted'])
  const service = await trial.service('task', [
    ...['--network', clear.name, '--network', secret.name],
    ...['--mode', 'global'],
  ])
  const tasks = await trial.running([service], takers(lab.cluster).length)
  const networks = [footprintOf(clear, tasks), footprintOf(secret, tasks)]
  const during = await lookAtKernels(lab, networks)
  await trial.removeService(service)
  await trial.removeNetwork(clear)
  await trial.removeNetwork(secret)
  return { networks, during }
}

/** Of IPsec on nodes alone that could be read before as well. */
function leftProblems(before: HeldBy, after: HeldBy): Problem[] {
  const { got: was } = part(before, 'kernel state')
  return [...part(after, 'kernel state').got].flatMap(([node, held]) => {
    const former = was.get(node)
    return [...traceProblems(node, held), ...(former === undefined ? [] : ipsecProblems(node, former, held))]
  })
}
