import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { overlayNamespace } from '../../lib/swarm/namespaces.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { namespaceOf, stateOf } from '../scene/kernel.ts'
import { networkViews } from '../scene/views.ts'
import { docs } from '../source.ts'

const roles = ['clear', 'secret', 'auto'] as const

export const instantiatedOnDemand = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const [views, states] = await Promise.all([networkViews(context), context.state()])
    const looks = roles.flatMap((role) => {
      const { id, name } = stack.networks[role]
      return cluster.nodes.map((node) => {
        const view = views.get(node.host.name)?.find((network) => network.id === id)
        return {
          network: name,
          node: node.host.name,
          role: node.role,
          tasks: tasksOn(stack, role).filter((task) => task.node === node).length,
          listed: view === undefined ? undefined : `${view.driver}, scope ${view.scope}`,
          namespace: namespaceOf(stateOf(states, node), overlayNamespace(id), 'ip') !== undefined,
        }
      })
    })
    evidence.observe('where the networks are, and where their tasks', looks)
    requireNone(
      'networks are overlays of scope swarm, and there only where a task needs them',
      looks.flatMap((look) => deviations(look)),
    )
    const idle = looks.filter(({ role, tasks }) => role === 'worker' && tasks === 0)
    if (idle.length === 0) {
      throw new Error(
        'every worker runs a task on every network, so nothing could be seen of a worker without one; scale a service down or add a worker',
      )
    }
    evidence.conclude(
      `${roles.length} networks are overlays of scope swarm; ${idle.map(({ node, network }) => `${node} runs no task on ${network} and does not have it`).join(', ')}`,
    )
  },
})

interface Look {
  readonly network: string
  readonly node: string
  readonly role: 'manager' | 'worker'
  readonly tasks: number
  readonly listed: string | undefined
  readonly namespace: boolean
}

function deviations({ network, node, role, tasks, listed, namespace }: Look): string[] {
  const runs = `${node} runs ${tasks} task${tasks === 1 ? '' : 's'} on ${network}`
  const problems: string[] = []
  if (listed !== undefined && listed !== 'overlay, scope swarm') {
    problems.push(`${network} on ${node} is ${listed}; expected overlay, scope swarm`)
  }
  if (listed === undefined && (tasks > 0 || role === 'manager'))
    problems.push(`${runs}, but does not list it (role ${role})`)
  if (listed !== undefined && tasks === 0 && role === 'worker') problems.push(`${runs}, but lists it`)
  if (namespace && tasks === 0) problems.push(`${runs}, but its kernel holds the network’s namespace`)
  if (!namespace && tasks > 0) problems.push(`${runs}, but its kernel does not hold the network’s namespace`)
  return problems
}
