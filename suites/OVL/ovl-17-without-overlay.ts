import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, type ClusterFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { BareTask, BareTry } from '../scene/experiments/bare-seen.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { answersOf } from '../scene/judging/port-answers.ts'
import { type Reshaped, reshaped, reshapingLimitMs, reshapingTasks } from '../scene/experiments/reshaping.ts'
import { stage } from '../scene/experiments/stage.ts'
import { docs, moby, overlayTutorial } from '../source.ts'
import { foreignAddresses, interfaceProblems, interfaceText } from './interfaces.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

export const withoutOverlay = requirement({
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
  codes: [
    'address-without-attachment',
    'network-interface-missing',
    'network-interface-not-single',
    'interface-unexpected',
    'address-outside-subnet',
    'prefix-length-differs',
    'address-not-held',
    'reached-without-network',
  ],
  changes: ['service', 'network'],
  quiet: [],
  ownTasks: reshapingTasks,
  reads: [reshaped],
  observe: async (lab) => ({ reshaped: await lab.scene(reshaped) }),
  judge({ reshaped: seen }, facts) {
    const { got, missing, unseen } = stage(seen.bare, 'tasks of services without a network')
    if (got === undefined) return judgement({ missing, unseen, conclusion: '' })
    const { plain, door, tries } = got
    const bare = door === null ? [plain] : [plain, door]
    const attempts = tries.filter(({ what }) => what === 'attempt')
    const controls = tries.filter(({ what }) => what === 'control')
    const answered = controls.filter((one) => isReached(one, facts)).length
    return judgement({
      problems: [
        ...plainProblems(plain, seen, facts),
        ...(door === null ? [] : doorProblems(door, seen, facts)),
        ...attempts.filter((one) => isReached(one, facts)).map((one) => reachedProblem(one, plain, facts)),
      ].map((problem) => (problem.kind === 'missed' ? { ...problem, controls: [] } : problem)),
      controls: [
        {
          name: `the host itself is answered on ${gatewayBridgeName}`,
          held: controls.length > 0 && answered === controls.length,
          observed: `${answered} of ${controls.length}`,
        },
      ],
      missing: door === null ? ingressMissing(facts) : [],
      unseen: bare
        .filter(({ links }) => links === null)
        .map(({ task }) => ({ what: `the namespace of ${taskName(task)}`, nodes: [task.node] })),
      tables: {
        interfaces: bare.map(described),
        [`what ${taskName(plain.task)} and its host reach`]: tries.map(({ network, address, ...one }) => ({
          by: one.probe.from,
          ...{ to: labelOf(one.to, facts), network, address, outcome: one.probe.outcome },
        })),
      },
      conclusion:
        door === null
          ? ''
          : `${taskName(door.task)} publishes and is on ${facts.networks.ingress?.name ?? 'ingress'} and ${gatewayBridgeName} alone; ${taskName(plain.task)} is on no network of the swarm, and none of its ${attempts.length} requests to tasks of its host was answered`,
    })
  },
})

function plainProblems(plain: BareTask, { own }: Reshaped, facts: ClusterFacts): Problem[] {
  const foreign = { ...overlays(facts), [own.name]: own.subnet, [gatewayBridgeName]: plain.bridgeSubnet }
  return foreignAddresses(plain.links ?? [], foreign, ownerOf(plain))
}

/** One interface on ingress, one on docker_gwbridge, and no other. */
function doorProblems(door: BareTask, { own }: Reshaped, facts: ClusterFacts): Problem[] {
  const { ingress } = facts.networks
  if (door.links === null || ingress === undefined) return []
  const foreign = Object.fromEntries(
    Object.entries({ ...overlays(facts), [own.name]: own.subnet }).filter(([name]) => name !== ingress.name),
  )
  const address = addressIn(door.task, ingress)
  const expected = [
    { network: ingress.name, subnet: ingress.subnet, ...(address === '' ? {} : { address }) },
    { network: gatewayBridgeName, subnet: door.bridgeSubnet },
  ]
  const owner = ownerOf(door)
  const strange = foreignAddresses(door.links, foreign, owner)
  // An interface on another network is told by that.
  const others = door.links.filter(({ name }) => !strange.some(({ observed }) => observed === name))
  return [...interfaceProblems(others, expected, owner), ...strange]
}

function reachedProblem(
  { to, network, address, probe }: BareTry,
  { task }: BareTask,
  facts: ClusterFacts,
): Problem {
  const where = { node: task.node, network, address, protocol: probe.kind.toUpperCase() }
  const ends = { from: taskName(task), to: labelOf(to, facts) }
  return { ...where, ends, code: 'reached-without-network', kind: 'seen' }
}

/** Whether the very task that was asked answered. */
function isReached({ to, probe }: BareTry, { tasks }: ClusterFacts): boolean {
  return tasks.some(({ id, hostname }) => id === to && answersOf(probe).includes(hostname))
}

function overlays({ networks }: ClusterFacts): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.values(networks).map(({ name, subnet }) => [name, subnet]))
}

function ownerOf({ task }: BareTask) {
  return { node: task.node, service: task.service, subject: taskName(task) }
}

function labelOf(id: string, { tasks }: ClusterFacts): string {
  const task = tasks.find((one) => one.id === id)
  return task === undefined ? id : taskName(task)
}

function described({ task, links }: BareTask) {
  return {
    task: taskName(task),
    networksByEngine: Object.keys(task.endpoints),
    interfaces: (links ?? []).map(interfaceText),
  }
}
