import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, type NodeFacts, tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { kernel, type KernelSeen, namespaceSeen } from '../scene/judging/kernel-seen.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { docs } from '../source.ts'
import { formOf } from './default-networks.ts'

const roles = ['clear', 'secret', 'auto'] as const

export const instantiatedOnDemand = requirement({
  id: 'OVL-02',
  requirement:
    'A created overlay has driver `overlay` and scope `swarm`, and a worker instantiates it only once it runs a task on it.',
  source: [
    docs('Create an overlay network'),
    { document: 'Docker docs, Overlay network driver', section: 'Create the services' },
  ],
  safety: 'production',
  needs: [],
  method:
    'Driver and scope of the created networks are read from a manager. Each node’s own list of networks and the namespaces its kernel holds are compared with where tasks run: a node with a task must have the network and its namespace, a worker without one must have neither. A manager lists every network.',
  usualCauses: [
    'a network was left behind on a worker when its last task went (stale namespace)',
    'a node could not set up the overlay: its task runs without one or keeps restarting',
  ],
  remedy: [
    'docker network ls and ls /run/docker/netns on the node (1- and ten characters of the network’s id)',
    'the engine’s log of that node for the network’s id',
    'a stale network goes with a restart of the engine',
  ],
  codes: [
    'network-form-differs',
    'network-missing',
    'network-listed-without-task',
    'namespace-without-task',
    'network-namespace-missing',
  ],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), views: await lab.scene(networkViewsSeen) }),
  judge({ kernel: states, views }, facts) {
    const looks = roles.flatMap((role) => facts.nodes.map((node) => lookAt(role, node, views, facts)))
    const { got, missing, unseen } = part(namespacesOn(states, facts), 'namespaces')
    const holders = (network: string): readonly string[] =>
      [...got].filter(([, held]) => held.includes(overlayNamespace(network))).map(([node]) => node)
    const idle = looks.filter(({ role, tasks, node }) => role === 'worker' && tasks === 0 && got.has(node))
    return judgement({
      problems: looks.flatMap((look) => [
        ...listingProblems(look),
        ...(got.has(look.node) ? namespaceProblems(look, holders(look.id).includes(look.node)) : []),
      ]),
      missing,
      unseen: [
        ...unseen,
        ...(idle.length === 0
          ? [{ what: 'a worker that runs no task on one of the networks', nodes: [] }]
          : []),
      ],
      tables: {
        'where the networks are, and where their tasks': looks.map(({ id, ...look }) => ({
          ...look,
          namespace: got.has(look.node) ? holders(id).includes(look.node) : 'not read',
        })),
      },
      conclusion: `${roles.length} networks are overlays of scope swarm; ${idle.map(({ node, network }) => `${node} runs no task on ${network} and does not have it`).join(', ')}`,
    })
  },
})

interface Look {
  readonly id: string
  readonly network: string
  readonly node: string
  readonly role: 'manager' | 'worker'
  readonly tasks: number
  /** Driver and scope; undefined if the engine does not list the network. */
  readonly listed: string | undefined
}

const expected = formOf({ driver: 'overlay', scope: 'swarm' })

function lookAt(role: (typeof roles)[number], node: NodeFacts, views: ViewsSeen, facts: ClusterFacts): Look {
  const { id, name } = facts.networks[role]
  const view = views[node.name]?.find((network) => network.id === id)
  return {
    ...{ id, network: name, node: node.name, role: node.role },
    tasks: tasksIn(facts, role).filter((task) => task.node === node.name).length,
    listed: view === undefined ? undefined : formOf(view),
  }
}

/** Of the networks, the namespaces each kernel holds. */
function namespacesOn(states: KernelSeen, { nodes, networks }: ClusterFacts) {
  const names = roles.map((role) => overlayNamespace(networks[role].id))
  return Object.fromEntries(
    nodes.map(({ name: node }) => {
      const found = names.map((name) => ({ name, seen: namespaceSeen(states, node, name, 'devices') }))
      const unread = found.flatMap(({ seen }) => ('got' in seen ? [] : [seen])).at(0)
      const held = found.filter(({ seen }) => 'got' in seen && seen.got !== undefined).map(({ name }) => name)
      return [node, unread ?? { got: held }] as const
    }),
  )
}

function listingProblems({ network, node, role, tasks, listed }: Look): Problem[] {
  if (listed === undefined)
    return tasks > 0 || role === 'manager' ? [{ code: 'network-missing', kind: 'missed', node, network }] : []
  return [
    ...(listed === expected
      ? []
      : [{ code: 'network-form-differs', kind: 'seen', node, network, expected, observed: listed } as const]),
    ...(tasks === 0 && role === 'worker'
      ? [{ code: 'network-listed-without-task', kind: 'seen', node, network } as const]
      : []),
  ]
}

function namespaceProblems({ id, network, node, tasks }: Look, held: boolean): Problem[] {
  const where = { node, network, subject: overlayNamespace(id) }
  if (held && tasks === 0) return [{ ...where, code: 'namespace-without-task', kind: 'seen' }]
  return !held && tasks > 0 ? [{ ...where, code: 'network-namespace-missing', kind: 'missed' }] : []
}
