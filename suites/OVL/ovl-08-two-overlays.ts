import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import type { OverlayNetwork, Service } from '../../lib/swarm/cluster.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { requireEffect } from '../scene/effects.ts'
import { httpRequest } from '../scene/moved-networks.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { reshapedService, reshapingLimitMs } from '../scene/reshaped-service.ts'
import { docs } from '../source.ts'

export const twoOverlays = conformanceTest({
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
  async run(context) {
    const { stack, evidence } = context
    const { both } = stack.services
    const reached = [...(await reach(context, both, 'clear')), ...(await reach(context, both, 'extra'))]
    evidence.observe('a service on two overlays', reached)
    const networks = [stack.networks.clear, stack.networks.extra]
    requireNone(`${both.name} is reachable on each of its overlays`, [
      ...reached.flatMap(({ problem }) => problem ?? []),
      ...networks
        .filter(({ name }) => !reached.some(({ network }) => network === name))
        .map(({ name }) => `${both.name} has no task on ${name}`),
    ])
    const reshaped = await reshapedService(context)
    const given = reshaped.given()
    evidence.observe('subnet and gateway of a network made without them', {
      whenCreated: settings(reshaped.own),
      withItsFirstTask: settings(given.own),
    })
    const added = requireEffect(context, `--network-add of ${reshaped.service}`, given.networks)
    requireNone(
      'a network has its subnet and gateway once a task is attached',
      given.own.subnet !== '' && given.own.gateway !== ''
        ? []
        : [`${context.cluster.manager.host.name} states ${settings(given.own)} of ${given.own.name}`],
    )
    const removed = requireEffect(context, `--network-rm of ${reshaped.service}`, reshaped.taken().networks)
    evidence.conclude(
      `${both.name} answered ${reached.length} requests over ${networks.map(({ name }) => name).join(' and ')}; --network-add took effect after ${added} s, --network-rm after ${removed} s; ${given.own.name} had ${settings(given.own)} with its first task`,
    )
  },
})

async function reach({ stack, probe }: TestContext, service: Service, role: 'clear' | 'extra') {
  const network = stack.networks[role]
  const on = tasksOn(stack, role)
  const pairs = on
    .filter((to) => to.service === service.name)
    .flatMap((to) => on.filter((from) => from.service !== service.name).map((from) => ({ from, to })))
  const observations = await probe.send(pairs.map(({ from, to }) => httpRequest(stack, [from, to], network)))
  return pairs.map(({ from, to }, index) => {
    const observation = observations[index] as Observation
    const what = deliveryProblem({ to, protocol: 'tcp', observation })
    return {
      network: network.name,
      from: taskLabel(from),
      to: `${taskLabel(to)} (${addressOn(to, network)})`,
      outcome: observation.outcome,
      ...(what === undefined
        ? {}
        : { problem: [`${taskLabel(from)} → ${taskLabel(to)} on ${network.name}: ${what}`] }),
    }
  })
}

function settings({ subnet, gateway }: OverlayNetwork): string {
  return `subnet ${subnet || 'none'}, gateway ${gateway || 'none'}`
}
