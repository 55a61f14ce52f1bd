import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Link } from '../../lib/observe/host-state.ts'
import { networkOf } from '../../lib/topology/cidr.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { taskNamespaceSeen } from '../scene/judging/task-namespace.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { internals } from '../source.ts'
import { type ExpectedInterface, interfaceProblems, interfaceText } from './interfaces.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

export const taskInterfaces = requirement({
  id: 'OVL-07',
  requirement:
    'A task has one interface per attached overlay, one on docker_gwbridge, and one on ingress if it publishes; addresses match the networks’ subnets.',
  source: [internals('Docker Swarm and Overlay Networks')],
  safety: 'production',
  needs: [],
  method:
    'The network namespace of every task of the stack is read from the kernel. It must hold one veth interface for each overlay its service is attached to, one on its host’s docker_gwbridge and, if the service publishes through ingress, one on ingress, and no other; their addresses must be the ones the engine tells, inside the subnets and with their prefix length.',
  usualCauses: [
    'somebody added an interface or an address inside the task’s namespace',
    'the engine lost an endpoint when it restarted while the task ran on',
    'the service’s networks were changed and the task is still an old one',
  ],
  remedy: [
    'nsenter -t PID -n ip address on the host named, beside docker inspect --format "{{json .NetworkSettings.Networks}}" CONTAINER',
    'docker service update --force SERVICE recreates its tasks',
  ],
  codes: [
    'task-namespace-missing',
    'network-interface-missing',
    'network-interface-not-single',
    'interface-unexpected',
    'address-outside-subnet',
    'prefix-length-differs',
    'address-not-held',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), views: await lab.scene(networkViewsSeen) }),
  judge({ kernel: states, views }, facts) {
    const looks = facts.tasks.map((task) => ({ task, look: lookAt(task, states, views, facts) }))
    const { missing, unseen } = part(
      Object.fromEntries(looks.map(({ task, look }) => [task.node, look] as const).toSorted(unreadLast)),
      'interfaces of tasks',
    )
    const judged = looks.flatMap(({ task, look }) => ('got' in look ? [{ task, ...look.got }] : []))
    const ingress = facts.networks.ingress?.name
    const publishing = judged.filter(({ expected }) => expected.some(({ network }) => network === ingress))
    return judgement({
      problems: judged.flatMap(({ task, links, expected }): Problem[] => {
        const owner = { node: task.node, service: task.service, subject: taskName(task) }
        return links === undefined
          ? [{ ...owner, code: 'task-namespace-missing', kind: 'missed' }]
          : interfaceProblems(links, expected, owner)
      }),
      missing,
      unseen,
      tables: {
        'interfaces of each task': judged.map(({ task, links, expected }) => ({
          task: taskName(task),
          networks: expected.map(({ network }) => network),
          interfaces: links?.map(interfaceText) ?? 'no namespace',
        })),
      },
      conclusion:
        judged.length === 0
          ? ''
          : `${judged.length} tasks have ${judged.reduce((sum, { expected }) => sum + expected.length, 0)} interfaces, one for each of their overlays and one on ${gatewayBridgeName}; ${publishing.length} of them publish${ingress === undefined ? '' : ` and have one on ${ingress}`}`,
    })
  },
})

interface Look {
  /** Its veth interfaces; undefined if no namespace of its node has its addresses. */
  readonly links: readonly Link[] | undefined
  readonly expected: readonly ExpectedInterface[]
}

/** Of several tasks of a node, one that could not be looked at speaks for it. */
function unreadLast(
  [, one]: readonly [string, Part<Look>],
  [, other]: readonly [string, Part<Look>],
): number {
  return Number('got' in other) - Number('got' in one)
}

function lookAt(task: TaskFacts, states: KernelSeen, views: ViewsSeen, facts: ClusterFacts): Part<Look> {
  const seen = taskNamespaceSeen(states, task)
  if (!('got' in seen)) return seen
  const bridge = views[task.node]?.find(({ name }) => name === gatewayBridgeName)?.subnets[0] ?? ''
  if (bridge === '') return { threw: `no subnet of ${gatewayBridgeName}` }
  const overlays = overlaysOf(task, facts)
  if (overlays.every(({ ingress }) => ingress)) return { threw: `no overlay of ${taskName(task)}` }
  return {
    got: {
      links: seen.got?.links.filter(({ kind }) => kind === 'veth'),
      expected: [
        ...overlays.map(({ name, subnet }) => {
          const address = task.endpoints[name]?.address
          return { network: name, subnet, ...(address === undefined ? {} : { address }) }
        }),
        { network: gatewayBridgeName, subnet: networkOf(bridge) },
      ],
    },
  }
}

/** By the engine's account of the task; whether ingress is among them by what must be. */
function overlaysOf(task: TaskFacts, { networks, services }: ClusterFacts) {
  const service = Object.values(services).find(({ name }) => name === task.service)
  const publishes = service?.published.some(({ mode }) => mode === 'ingress') === true
  return Object.values(networks).filter((network) =>
    network.ingress ? publishes : task.endpoints[network.name] !== undefined,
  )
}
