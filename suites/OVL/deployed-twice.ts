import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { addressIn, taskName } from '../../lib/observation/facts.ts'
import { part, type Part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { networkTurn } from '../../lib/swarm/network-turns.ts'
import { type ComposeVersion, TrialStack } from '../../lib/swarm/trial-stack.ts'
import { pollEffect } from '../scene/polling/effects.ts'
import { meshPort } from '../scene/recordings/mesh.ts'
import { askPort } from '../scene/experiments/reshaping-probes.ts'
import { givenPortProblems } from '../scene/judging/reshaping-problems.ts'
import type { GivenLook } from '../scene/experiments/reshaping-looks.ts'
import { type NetworkIdentity, footprintOf, type Held, type HeldBy, traceProblems } from './leftovers.ts'
import { lookAtKernels, pollUntilGone } from './until-gone.ts'

/** Its task, the port it was given, and what every node answers on that. */
export type StackLook = GivenLook

/** A stack of one service, deployed without a network and again with one; then its former network is removed. */
export interface DeployedTwice {
  readonly service: string
  /** Names of the networks of both versions. */
  readonly networks: { readonly first: string; readonly second: string }
  readonly before: Polled<StackLook>
  readonly old: NetworkIdentity
  /** What the kernel of the first task's node held of the old network. */
  readonly held: Part<Held>
  readonly after: Part<Redeployed>
  /** What kernels hold of the old network since it was removed. */
  readonly gone: Part<Polled<HeldBy>>
}

export interface Redeployed {
  readonly polled: Polled<StackLook>
  /** Networks of the stack that the manager lists. */
  readonly listed: readonly string[]
}

const first: ComposeVersion = {}
const second: ComposeVersion = { network: 'other' }

export async function deployedTwice(lab: ObserveContext): Promise<DeployedTwice> {
  const { cluster, topology } = lab
  await using trial = lab.trial('again')
  await using stack = new TrialStack(cluster, {
    ...{ name: trial.nameOf('stack'), label: trial.label, spec: topology.stack },
  })
  const networks = { first: stack.networkName(first), second: stack.networkName(second) }
  await stack.deploy(first)
  const before = await settled(lab, stack, { wanted: networks.first })
  const old = footprintOf(await stack.network(first), [before.last.task])
  const looked = (await lookAtKernels(lab, [old]))[before.last.task.node]
  const after = await observePart(async (): Promise<Redeployed> => {
    await stack.deploy(second)
    const polled = await settled(lab, stack, { wanted: networks.second, former: networks.first })
    return { polled, listed: await stack.networksLeft() }
  })
  // Its VNI and its subnet are free from now on.
  const remove = (): Promise<Polled<HeldBy>> =>
    networkTurn(cluster, async () => {
      await stack.removeNetwork(first)
      return pollUntilGone(lab, [old], removedProblems)
    })
  return {
    ...{ service: stack.serviceName, networks, before, old },
    held: looked ?? { threw: 'the kernel state was not read' },
    after,
    // While the task may still be on it, it cannot be removed.
    gone: 'got' in after ? await observePart(remove) : after,
  }
}

interface Networks {
  readonly wanted: string
  /** The one it had before. */
  readonly former?: string
}

function settled(lab: ObserveContext, stack: TrialStack, networks: Networks): Promise<Polled<StackLook>> {
  const of = { service: stack.serviceName, manager: lab.facts.manager }
  return pollEffect(
    lab,
    `${networks.wanted} in a compose file`,
    async (): Promise<StackLook> => {
      const [service, task] = [await stack.service(), await stack.task()]
      const port = meshPort(service)
      const looked = port === undefined ? [] : await askPort(lab, port)
      return { publishedPort: port ?? null, task: taskFacts(task), looked }
    },
    (seen) => [
      ...movedNetworkProblems(seen, { service: of.service, ...networks }),
      ...givenPortProblems(seen, of),
    ],
  )
}

/** Whether the task is on the network its version declares, and on that of the former version no more. */
export function movedNetworkProblems(
  { task }: Pick<StackLook, 'task'>,
  { service, wanted, former }: Networks & { readonly service: string },
): Problem[] {
  const place = { node: task.node, service, subject: taskName(task) }
  return [
    ...(addressIn(task, { name: wanted }) === ''
      ? [{ ...place, code: 'task-not-attached', kind: 'missed', network: wanted } as const]
      : []),
    ...(former === undefined || addressIn(task, { name: former }) === ''
      ? []
      : [{ ...place, code: 'task-still-attached', kind: 'seen', network: former } as const]),
  ]
}

/** What is left of the old network, on every node that could be read. */
export function removedProblems(held: HeldBy): Problem[] {
  return [...part(held, 'kernel state').got].flatMap(([node, one]) => traceProblems(node, one))
}
