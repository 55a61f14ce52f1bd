import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import type { Link } from '../../lib/observe/host-state.ts'
import { type Bare, addressesIn, isReached } from '../scene/bare-stage.ts'
import { outcomeText } from '../scene/outcome.ts'
import { taskLabel } from '../scene/pair.ts'
import { reshapedService, reshapingLimitMs } from '../scene/reshaped-service.ts'
import { docs, moby, overlayTutorial } from '../source.ts'
import { interfaceProblems } from './interfaces.ts'

const gatewayBridge = 'docker_gwbridge'

export const withoutOverlay = conformanceTest({
  id: 'OVL-17',
  requirement:
    'A service without an overlay of its own is on ingress if it publishes, and else on no network of the swarm, nor reaches the tasks that are.',
  source: [
    docs('Overlay networking'),
    overlayTutorial('Default Overlay Network'),
    moby('daemon/cluster/executor/container: networks of a task; isolation between bridge networks'),
  ],
  safety: 'production',
  needs: [],
  timeLimitMs: reshapingLimitMs,
  method:
    'Two services are created without a network, and one of them publishes a port. The kernel must show the task of that one with an interface on ingress, one on docker_gwbridge and no other, and the task of the other without an address of any overlay, of ingress or of docker_gwbridge: it is on the default bridge of its host, as a container of no service would be. From there it asks tasks of the same host at their addresses on overlays and on docker_gwbridge; none may answer. Control: the host asks them on docker_gwbridge, too, and is answered.',
  usualCauses: [
    'the service is attached to a network after all: docker service inspect tells',
    'rules that forward everything between bridges (iptables -I FORWARD -j ACCEPT, DOCKER-USER)',
    'the engine runs with --iptables=false, so bridge networks are not kept apart',
  ],
  remedy: [
    'docker service inspect --format "{{json .Spec.TaskTemplate.Networks}}" SERVICE',
    'iptables -S FORWARD; iptables -S DOCKER-USER on the host named',
  ],
  async run(context) {
    const { stack, evidence } = context
    const { ingress } = stack.networks
    const reshaped = await reshapedService(context)
    const { plain, door, tries } = reshaped.bare()
    if (door === undefined) throw new Error('nothing was published, so half of this could not be seen')
    const overlays = [...Object.values(stack.networks), reshaped.own]
    const subnets = new Map([
      ...overlays.map(({ name, subnet }): [string, string] => [name, subnet]),
      [gatewayBridge, plain.bridgeSubnet],
    ])
    evidence.observe('interfaces', [plain, door].map(described))
    evidence.observe(
      `what ${taskLabel(plain.task)} and its host reach`,
      tries.map(({ what, to, network, address, observation }) => ({
        by: what === 'attempt' ? taskLabel(plain.task) : plain.task.node.host.name,
        ...{ to: taskLabel(to), network, address, outcome: observation.outcome },
      })),
    )
    const attempts = tries.filter(({ what }) => what === 'attempt')
    requireNone(
      'a service without an overlay is on ingress if it publishes, and else on no network of the swarm',
      [
        ...(plain.links === undefined ? [`the kernel has no namespace of ${taskLabel(plain.task)}`] : []),
        ...addressesIn(plain.links ?? [], subnets).map(
          (what) => `${taskLabel(plain.task)}, which publishes nothing, has ${what}`,
        ),
        ...publishingProblems(door, ingress),
        ...attempts
          .filter(isReached)
          .map(
            ({ to, network, address }) =>
              `${taskLabel(plain.task)} reached ${taskLabel(to)} at ${address} on ${network}`,
          ),
      ],
    )
    const deaf = tries.filter((one) => one.what === 'control' && !isReached(one))
    if (deaf.length > 0 || tries.length === attempts.length) {
      const told = deaf.map(({ to, observation }) => `${taskLabel(to)} ${outcomeText(observation)}`)
      throw new Error(
        `the host itself was not answered on ${gatewayBridge}, so silence proves nothing: ${told.join('; ') || 'no task of the stack runs there'}`,
      )
    }
    evidence.conclude(
      `${taskLabel(door.task)} publishes and is on ${ingress.name} and ${gatewayBridge} alone; ${taskLabel(plain.task)} is on no network of the swarm, and none of its ${attempts.length} requests to tasks of its host was answered`,
    )
  },
})

function publishingProblems(
  door: Bare,
  ingress: { readonly name: string; readonly subnet: string },
): string[] {
  const label = taskLabel(door.task)
  if (door.links === undefined) return [`the kernel has no namespace of ${label}`]
  const address = door.task.endpoints[ingress.name]?.address
  const expected = [
    { network: ingress.name, subnet: ingress.subnet, ...(address === undefined ? {} : { address }) },
    { network: gatewayBridge, subnet: door.bridgeSubnet },
  ]
  const owner = { node: door.task.node.host.name, subject: label }
  return interfaceProblems(door.links, expected, owner).map(describeProblem)
}

function described({ task, links }: Bare) {
  return {
    task: taskLabel(task),
    networksByEngine: Object.keys(task.endpoints),
    interfaces: (links ?? []).map(addressed),
  }
}

function addressed({ name, addresses }: Link): string {
  const own = addresses.filter(({ family }) => family === 'inet')
  return `${name}: ${own.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(' ')}`
}
