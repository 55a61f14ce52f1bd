import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { sendPlan } from '../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import { readBalancer } from '../../lib/observe/read-balancer.ts'
import { poll } from '../../lib/poll.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import type { OverlayNetwork, Service } from '../../lib/swarm/cluster.ts'
import { loadBalancerNamespace, namespacePath } from '../../lib/swarm/namespaces.ts'
import { readService } from '../../lib/swarm/read-objects.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { markOfVip } from '../../lib/observe/balancer-marks.ts'
import { choosesAtRandom, randomBackends } from '../../lib/observe/random-balancer.ts'
import { whomItLists } from '../scene/judging/random-balancer.ts'
import { pollEffect } from '../scene/polling/effects.ts'
import { withoutTimes } from '../scene/judging/name-problems.ts'
import { addressOn, inTask } from '../scene/sending/pair.ts'
import { foundProblems, type ModeLook, modeProblems } from './mode-problems.ts'

/** A service with a virtual IP, and what the swarm showed of it before and after it was switched to dnsrr. */
export interface ModeChange {
  readonly service: string
  readonly network: string
  readonly before: Polled<ModeLook>
  /** The virtual IP it then had; empty if none. */
  readonly vip: string
  /** Only where it was found by the virtual IP before. */
  readonly after?: Polled<ModeLook>
}

/** From creation until the virtual IP can be found by. */
const foundWithinMs = 30_000

export async function changeMode(lab: ObserveContext): Promise<ModeChange> {
  await using trial = lab.trial('mode')
  const network = await trial.network('own')
  const service = await trial.service('it', ['--network', network.name, '--replicas=1'])
  await trial.running([service], 1)
  const known = new Set<string>()
  const look = (): Promise<ModeLook> => lookAt(lab, { trial, service, network, known })
  const before = await poll(
    { what: `${service.name} is found by a virtual IP`, withinMs: foundWithinMs, signal: lab.signal },
    look,
    foundProblems,
  )
  const seen = {
    ...{ service: service.name, network: network.name, before },
    vip: before.last.vips[0] ?? '',
  }
  if (!before.reached) return seen
  await trial.update(service, ['--endpoint-mode', 'dnsrr'])
  const of = { ...seen, manager: lab.facts.manager }
  const after = await pollEffect(lab, `--endpoint-mode dnsrr of ${service.name}`, look, (now) =>
    modeProblems(now, of),
  )
  return { ...seen, after }
}

interface Changed {
  readonly trial: Trial
  readonly service: Service
  readonly network: OverlayNetwork
  /** Virtual IPs the service ever had; looks add to them. */
  readonly known: Set<string>
}

async function lookAt(
  { cluster, probe }: ObserveContext,
  { trial, service, network, known }: Changed,
): Promise<ModeLook> {
  const now = await readService(cluster, service.name)
  const vips = Object.values(now.vips).filter((vip) => vip !== '')
  for (const vip of vips) known.add(vip)
  const [task, ...others] = await trial.tasks(service)
  if (task === undefined || others.length > 0)
    throw new Inconclusive(`${others.length + (task === undefined ? 0 : 1)} tasks of ${service.name} run`)
  const address = addressOn(task, network)
  const [[asked], state] = await Promise.all([
    sendPlan(probe, [{ name: service.name, request: dnsQuery(inTask(task), service.name) }]),
    readBalancer(task.node.host, namespacePath(loadBalancerNamespace(network.id))),
  ])
  if (asked === undefined) throw new Error('a question came back without an observation')
  if (choosesAtRandom(state) && randomBackends(state) === undefined) throw new Inconclusive(whomItLists)
  const chosen = randomBackends(state) ?? []
  return {
    ...{ endpointMode: now.endpointMode, vips, task: taskFacts(task), address, asked: withoutTimes(asked) },
    balancer:
      state === undefined
        ? null
        : {
            marked: [...known].filter(
              (vip) => markOfVip(state.firewall, vip) !== undefined || chosen.some((one) => one.vip === vip),
            ),
            listed: [...state.ipvs.flatMap(({ destinations }) => destinations), ...chosen].some(
              (one) => one.address === address,
            ),
          },
  }
}
