import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Origin } from '../../lib/probe/probe.ts'
import type { Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { gatewayBridgeSeen, gatewayInterfaceSeen, subnetsOf } from '../scene/judging/gateway-interface.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { inTask, onNode } from '../scene/sending/pair.ts'

/** Nothing is expected to answer. */
const silenceMs = 1500

interface Trying {
  /**
   * `attempt`: a task asks another of its node. `far`: a task asks one of another node, by an address that only that
   * node has. `control`: the node itself asks.
   */
  readonly what: 'attempt' | 'far' | 'control'
  /** Id of the task that is asked by its address on docker_gwbridge. */
  readonly to: string
}

export type Tried = Sent<Trying>

/** A task and its address on docker_gwbridge. */
interface OnBridge {
  /** Id. */
  readonly task: string
  readonly address: string
}

export interface Neighbours {
  /** By node. */
  readonly onBridge: Readonly<Record<string, Part<readonly OnBridge[]>>>
  readonly tried: readonly Tried[]
}

/** Two tasks of each node ask each other over docker_gwbridge, and one of each node asks one of the next. */
export async function neighbours(lab: ObserveContext): Promise<Neighbours> {
  const states = await lab.scene(kernel)
  const names = lab.cluster.nodes.map(({ host }) => host.name)
  const onBridge = Object.fromEntries(names.map((name) => [name, onBridgeOf(name, states, lab.facts.tasks)]))
  const there = names.map((name) => {
    const found = onBridge[name]
    return found !== undefined && 'got' in found ? found.got : []
  })
  const { stack } = lab
  const near = there.flatMap(([first, second]) =>
    first === undefined || second === undefined ? [] : planNear(stack, first, second),
  )
  const far = there.flatMap(([caller], index) => {
    const next = (index + 1) % there.length
    if (caller === undefined || next === index) return []
    const own = addressesOf(states[names[index] ?? ''])
    const to = there[next]?.find(({ address }) => !own.has(address))
    return to === undefined ? [] : planFar(stack, caller, to)
  })
  return { onBridge, tried: await sendPlan(lab.probe, [...near, ...far]) }
}

function onBridgeOf(
  node: string,
  states: KernelSeen,
  tasks: ObserveContext['facts']['tasks'],
): Part<readonly OnBridge[]> {
  const bridge = gatewayBridgeSeen(states, node)
  if (!('got' in bridge)) return bridge
  const subnets = bridge.got === undefined ? [] : subnetsOf(bridge.got)
  if (subnets.length === 0) return { threw: 'the bridge has no address' }
  const found: OnBridge[] = []
  for (const task of tasks.filter((one) => one.node === node)) {
    const at = gatewayInterfaceSeen(states, task, subnets)
    if (!('got' in at)) return at
    if (at.got !== undefined) found.push({ task: task.id, address: at.got.address })
  }
  return { got: found }
}

/** Every address of a node, in whatever namespace. */
function addressesOf(state: KernelSeen[string] | undefined): ReadonlySet<string> {
  if (state === undefined) return new Set()
  return new Set(
    [state.root, ...Object.values(state.namespaces)].flatMap(({ links }) =>
      links.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ),
  )
}

function planNear(stack: Stack, first: OnBridge, second: OnBridge): Planned<Trying>[] {
  const [one, other] = [taskIn(stack, first), taskIn(stack, second)]
  const ask = (from: Origin, to: OnBridge, what: Trying['what']): Planned<Trying>[] => {
    const common = { from, to: to.address, ...(what === 'attempt' ? { timeoutMs: silenceMs } : {}) }
    return [
      { what, to: to.task, request: { ...common, kind: 'icmp', packetBytes: 84 } },
      { what, to: to.task, request: { ...common, ...page(stack) } },
    ]
  }
  return [
    ...ask(inTask(one), second, 'attempt'),
    ...ask(inTask(other), first, 'attempt'),
    ...ask(onNode(one.node), first, 'control'),
    ...ask(onNode(other.node), second, 'control'),
  ]
}

/** HTTP alone says who answers: elsewhere on the underlay somebody may have the same address. */
function planFar(stack: Stack, caller: OnBridge, to: OnBridge): Planned<Trying>[] {
  const target = taskIn(stack, to)
  const common = { to: to.address, ...page(stack) }
  return [
    {
      ...{ what: 'far', to: to.task },
      request: { ...common, from: inTask(taskIn(stack, caller)), timeoutMs: silenceMs },
    },
    { what: 'control', to: to.task, request: { ...common, from: onNode(target.node) } },
  ]
}

function page(stack: Stack) {
  return { kind: 'tcp' as const, port: 80, request: httpGet(pagePath(stack)) }
}

function taskIn({ tasks }: Pick<Stack, 'tasks'>, { task: id }: OnBridge): Task {
  const task = tasks.find((one) => one.id === id)
  if (task === undefined) throw new Error(`the stack has no task ${id}`)
  return task
}

export function isAnswer({ outcome }: Pick<ProbeSeen, 'outcome'>): boolean {
  return outcome === 'answered' || outcome === 'connected' || outcome === 'refused'
}
