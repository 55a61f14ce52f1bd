import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, type ClusterFacts, taskName, taskOf } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { undelivered } from '../scene/judging/delivery.ts'
import { effectMeasure, effectSeconds } from '../scene/polling/effects.ts'
import { httpRequest } from '../scene/sending/http-request.ts'
import { type Given, reshaped, reshapingLimitMs, reshapingTasks } from '../scene/experiments/reshaping.ts'
import { givenNetworkProblems, takenNetworkProblems } from '../scene/judging/reshaping-problems.ts'
import { stage } from '../scene/experiments/stage.ts'
import { docs } from '../source.ts'
import { tasksAt } from '../scene/sending/counted.ts'

export const twoOverlays = requirement({
  id: 'OVL-08',
  requirement:
    'A service on two overlays is reachable on both; `--network-add` and `--network-rm` take effect.',
  source: [docs('Attach a service to an overlay network'), docs('Create an overlay network')],
  safety: 'production',
  needs: [],
  timeLimitMs: reshapingLimitMs,
  method:
    'A service of the stack is attached to two overlays; tasks on each of them ask its task over that network, at the address it has there, and must be answered by it. Then a service of the tests’ own, created without a network, is given two by --network-add, one of which was made for it without a subnet, and loses the other by --network-rm: within 90 s of each update its task must be found by name and answer there, and afterwards have no endpoint there, not be found and not answer. The network made for it must have a subnet and a gateway, in whatever moment the engine settles them, once a task is attached.',
  usualCauses: [
    'a firewall or the data path loses traffic of one of the networks only: see CTL-04, CTL-07 and VXL-06',
    'the update is stuck because the new task cannot be placed or the subnet has no address left',
    'gossip (7946) does not bring the new endpoint to the other nodes',
  ],
  remedy: [
    'docker service ps --no-trunc SERVICE and docker service inspect --format "{{json .UpdateStatus}}" SERVICE',
    'docker network inspect NETWORK on the hosts named; docker service update --force SERVICE',
  ],
  codes: [
    'not-delivered',
    'answered-by-another',
    'task-not-attached',
    'name-lacks-task',
    'name-not-answered',
    'subnet-not-stated',
    'task-still-attached',
    'name-still-found',
    'former-address-answers',
  ],
  changes: ['service', 'network'],
  quiet: [],
  ownTasks: reshapingTasks,
  reads: [reshaped],
  probes: (lab) => tasksAt(lab, 'clear').length + tasksAt(lab, 'extra').length - 2,
  observe: async (lab) => ({ asked: await askBoth(lab), reshaped: await lab.scene(reshaped) }),
  judge({ asked, reshaped: { service, own, given, taken } }, facts) {
    const [adding, removing] = [stage(given, '--network-add'), stage(taken, '--network-rm')]
    const stages = [adding, removing]
    const of = { service, manager: facts.manager, own: own.name, extra: facts.networks.extra.name }
    const [added, removed] = [adding.got, removing.got]
    const addedAfter = added && effectSeconds(added.polled, (look) => givenNetworkProblems(look, of, facts))
    const removedAfter =
      removed && effectSeconds(removed.polled, (look) => takenNetworkProblems(look, of, facts))
    const networks = roles.map((role) => facts.networks[role].name)
    return judgement({
      problems: [
        ...asked.flatMap((one) => askedProblem(one, facts) ?? []),
        ...roles.flatMap((role) => notAttached(role, facts)),
        ...(added === undefined ? [] : givenNetworkProblems(added.polled.last, of, facts)),
        ...(added === undefined ? [] : unstated(added.own, facts.manager)),
        ...(removed === undefined ? [] : takenNetworkProblems(removed.polled.last, of, facts)),
      ],
      missing: stages.flatMap(({ missing }) => missing),
      unseen: [
        ...roles
          .filter((role) => !asked.some(({ network }) => network === role))
          .map((role) => ({
            what: `requests to ${facts.services.both.name} over ${facts.networks[role].name}`,
            nodes: [],
          })),
        ...stages.flatMap(({ unseen }) => unseen),
      ],
      measures: [
        ...effectMeasure(`--network-add of ${service}`, addedAfter),
        ...effectMeasure(`--network-rm of ${service}`, removedAfter),
      ],
      tables: {
        'a service on two overlays': asked.map(({ network, probe: { from, to, outcome } }) => ({
          ...{ network: facts.networks[network].name, from, to, outcome },
        })),
        'subnet and gateway of a network made without them': {
          whenCreated: settings(own),
          withItsFirstTask: added === undefined ? 'not seen' : settings(added.own),
        },
      },
      conclusion:
        asked.length === 0 || added === undefined || addedAfter === undefined || removedAfter === undefined
          ? ''
          : `${facts.services.both.name} answered ${asked.length} requests over ${networks.join(' and ')}; --network-add took effect after ${addedAfter} s, --network-rm after ${removedAfter} s; ${own.name} had ${settings(added.own)} with its first task`,
    })
  },
})

const roles = ['clear', 'extra'] as const

interface Asking {
  /** Ids of tasks. */
  readonly from: string
  readonly to: string
  readonly network: (typeof roles)[number]
}

/** Every task that shares one of its overlays with the service asks its task there. */
function askBoth({ stack, probe }: ObserveContext): Promise<Sent<Asking>[]> {
  const { both } = stack.services
  const plan = roles.flatMap((network) => {
    const on = tasksOn(stack, network)
    return on
      .filter((to) => to.service === both.name)
      .flatMap((to) =>
        on
          .filter((from) => from.service !== both.name)
          .map((from): Planned<Asking> => {
            const request = httpRequest(stack, [from, to], stack.networks[network])
            return { from: from.id, to: to.id, network, request }
          }),
      )
  })
  return sendPlan(probe, plan)
}

function askedProblem({ from, to, network, probe }: Sent<Asking>, facts: ClusterFacts): Problem | undefined {
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  return undelivered(probe, receiver.hostname, {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    ...{ network: facts.networks[network].name, service: receiver.service },
    ...{ protocol: 'TCP', address: probe.to },
  })
}

function notAttached(role: (typeof roles)[number], facts: ClusterFacts): Problem[] {
  const network = facts.networks[role]
  return facts.tasks
    .filter((task) => task.service === facts.services.both.name && addressIn(task, network) === '')
    .map((task) => ({
      ...{ code: 'task-not-attached', kind: 'missed', node: task.node, network: network.name },
      ...{ service: task.service, subject: taskName(task) },
    }))
}

function unstated({ name, subnet, gateway }: Given['own'], manager: string): Problem[] {
  return Object.entries({ subnet, gateway })
    .filter(([, value]) => value === '')
    .map(([subject]) => ({
      ...{ code: 'subnet-not-stated', kind: 'missed', node: manager, network: name, subject },
    }))
}

function settings({ subnet, gateway }: Given['own']): string {
  return `subnet ${subnet || 'none'}, gateway ${gateway || 'none'}`
}
