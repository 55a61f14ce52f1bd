import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { addressIn, type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { type ComposeVersion, TrialStack } from '../../lib/swarm/trial-stack.ts'
import { pollEffect } from '../scene/effects.ts'
import { meshPort } from '../scene/opened-port.ts'
import { askPort, type Looked } from '../scene/reshaping-probes.ts'
import { givenPortProblems } from '../scene/reshaping-problems.ts'
import { type Footprint, footprint, type Holdings } from './leftovers.ts'
import { heldNow, pollUntilGone } from './until-gone.ts'

const first: ComposeVersion = {}
const second: ComposeVersion = { network: 'other' }

/** One version of a stack: what its task and its port should come to. */
export interface Version {
  readonly service: string
  /** Name of the network its task should be on. */
  readonly network: string
  /** The one it should have left; null of the first version. */
  readonly former: string | null
  readonly polled: Polled<VersionLook>
}

export interface VersionLook {
  /** Null while the manager shows none. */
  readonly publishedPort: number | null
  readonly task: TaskFacts
  readonly looked: readonly Looked[]
}

/** A stack that is deployed, and deployed again with another network. What did not come to be is null from there on. */
export interface DeployedAgain {
  readonly first: Part<Version & Begun>
  readonly second: Part<Version & { readonly networksLeft: readonly string[] }> | null
  /** After the network of the first version was removed. */
  readonly removed: Part<{ readonly polled: Polled<Holdings> }> | null
}

interface Begun {
  /** Of the network of the first version, and what kernels held of it. */
  readonly old: Footprint
  readonly held: Holdings
}

export async function deployAgain(lab: ObserveContext): Promise<DeployedAgain> {
  await using trial = lab.trial('again')
  await using stack = new TrialStack(lab.cluster, {
    ...{ name: trial.nameOf('stack'), label: trial.label, spec: lab.topology.stack },
  })
  const begun = await observePart(async () => {
    await stack.deploy(first)
    const version = await settledOn(lab, stack, first)
    const old = footprint(await stack.network(first), [version.polled.last.task])
    return { ...version, old, held: await heldNow(lab, [old]) }
  })
  if (!('got' in begun) || !begun.got.polled.reached) return { first: begun, second: null, removed: null }
  const { old } = begun.got
  const again = await observePart(async () => {
    await stack.deploy(second)
    const version = await settledOn(lab, stack, second, first)
    return { ...version, networksLeft: await stack.networksLeft() }
  })
  const moved = 'got' in again && again.got.polled.reached && again.got.networksLeft.includes(old.name)
  if (!moved) return { first: begun, second: again, removed: null }
  const removed = await observePart(async () => {
    await stack.removeNetwork(first)
    return { polled: await pollUntilGone(lab, [old]) }
  })
  return { first: begun, second: again, removed }
}

async function settledOn(
  lab: ObserveContext,
  stack: TrialStack,
  wanted: ComposeVersion,
  left?: ComposeVersion,
): Promise<Version> {
  const of = {
    ...{ service: stack.serviceName, network: stack.networkName(wanted) },
    former: left === undefined ? null : stack.networkName(left),
  }
  const polled = await pollEffect(
    lab,
    `${of.network} in a compose file`,
    async (): Promise<VersionLook> => {
      const [service, task] = [await stack.service(), await stack.task()]
      const port = meshPort(service)
      const looked = port === undefined ? [] : await askPort(lab, port)
      return { publishedPort: port ?? null, task: taskFacts(task), looked }
    },
    (seen) => [
      ...attachedProblems(seen, of),
      ...givenPortProblems(seen, { service: of.service, manager: lab.facts.manager }),
    ],
  )
  return { ...of, polled }
}

/** Whether the task is on the network of its version, and no longer on the former one. */
export function attachedProblems(
  { task }: Pick<VersionLook, 'task'>,
  { service, network, former }: Omit<Version, 'polled'>,
): Problem[] {
  const where = { node: task.node, service, subject: taskName(task) }
  return [
    ...(addressIn(task, { name: network }) === ''
      ? [{ ...where, code: 'task-not-attached', kind: 'missed', network } as const]
      : []),
    ...(former === null || addressIn(task, { name: former }) === ''
      ? []
      : [{ ...where, code: 'task-still-attached', kind: 'seen', network: former } as const]),
  ]
}
