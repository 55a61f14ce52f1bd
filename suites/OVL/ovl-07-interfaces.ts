import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Service, Task } from '../../lib/swarm/cluster.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import type { NetworkView } from '../../lib/swarm/network-view.ts'
import { taskLabel } from '../scene/pair.ts'
import { taskNamespace } from '../scene/task-namespace.ts'
import { networkViews } from '../scene/views.ts'
import { internals } from '../source.ts'
import { networkOf } from '../../lib/topology/cidr.ts'
import { type Attachment, interfaceProblems } from './interfaces.ts'

const gatewayBridge = 'docker_gwbridge'

export const taskInterfaces = conformanceTest({
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
    'docker service update --force SERVICE makes its tasks anew',
  ],
  async run(context) {
    const { stack, evidence } = context
    const [views, states] = await Promise.all([networkViews(context), context.state()])
    const services = Object.values(stack.services)
    const judged = stack.tasks.map((task) => {
      const service = services.find(({ name }) => name === task.service)
      const links = taskNamespace(task, states)?.links.filter(({ kind }) => kind === 'veth')
      const expected = expectedOf(task, service, stack, views.get(task.node.host.name) ?? [])
      return { task, links, expected }
    })
    evidence.observe(
      'interfaces of each task',
      judged.map(({ task, links, expected }) => ({
        task: taskLabel(task),
        networks: expected.map(({ network }) => network),
        interfaces: links?.map(
          ({ name, addresses }) =>
            `${name}: ${addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(' ')}`,
        ),
      })),
    )
    requireNone(
      'every task has one interface a network and no other',
      judged.flatMap(({ task, links, expected }) =>
        links === undefined
          ? [`${taskLabel(task)}: no namespace of its host has its addresses`]
          : interfaceProblems(links, expected).map((problem) => `${taskLabel(task)} ${problem}`),
      ),
    )
    const publishing = judged.filter(({ expected }) =>
      expected.some(({ network }) => network === stack.networks.ingress.name),
    )
    evidence.conclude(
      `${judged.length} tasks have ${judged.reduce((sum, { expected }) => sum + expected.length, 0)} interfaces, one for each of their overlays and one on ${gatewayBridge}; ${publishing.length} of them publish and have one on ${stack.networks.ingress.name}`,
    )
  },
})

/** Overlays by the engine's account of the task; whether ingress is among them, and the bridge, by what must be. */
function expectedOf(
  task: Task,
  service: Service | undefined,
  stack: Stack,
  views: readonly NetworkView[],
): Attachment[] {
  const { ingress } = stack.networks
  const publishes = service?.published.some(({ mode }) => mode === 'ingress') === true
  const overlays = Object.values(stack.networks).filter((network) =>
    network.ingress ? publishes : task.endpoints[network.name] !== undefined,
  )
  if (overlays.every(({ id }) => id === ingress.id))
    throw new Error(`${taskLabel(task)} is on no overlay of the stack`)
  const bridge = views.find(({ name }) => name === gatewayBridge)?.subnets[0] ?? ''
  if (bridge === '') throw new Error(`${task.node.host.name} does not tell the subnet of ${gatewayBridge}`)
  return [
    ...overlays.map(({ name, subnet }) => {
      const address = task.endpoints[name]?.address
      return { network: name, subnet, ...(address === undefined ? {} : { address }) }
    }),
    { network: gatewayBridge, subnet: networkOf(bridge) },
  ]
}
