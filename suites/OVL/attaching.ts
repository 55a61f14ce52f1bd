import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import type { TaskFacts } from '../../lib/observation/facts.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { type ClusterNode, takers } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Standalone } from '../../lib/swarm/standalone.ts'
import type { Trial } from '../../lib/swarm/trial.ts'
import { addressOn } from '../scene/sending/pair.ts'

/** What an engine made of `docker run` on a network. */
export interface Running {
  /** Name of the node. */
  readonly node: string
  readonly accepted: boolean
  /** Of the container, as a probe's origin is named. */
  readonly label: string
  /** Of the container that was let in. */
  readonly endpoints: TaskFacts['endpoints']
  /** Its own, where it refused. */
  readonly words: string
}

interface Asking {
  readonly protocol: 'icmp' | 'tcp'
}

/** Containers of no service on an overlay that is not attachable, and on one that is. */
export interface Attaching {
  /** Names of networks. */
  readonly closed: string
  readonly open: string
  /** On the attachable one. */
  readonly task: TaskFacts
  readonly refused: readonly Running[]
  readonly accepted: readonly Running[]
  /** How those that were let in reached the task. */
  readonly reached: readonly Sent<Asking>[]
}

export async function attaching(lab: ObserveContext): Promise<Attaching> {
  const { cluster, stack, probe } = lab
  await using trial = lab.trial('ovl11')
  const closed = stack.networks.clear
  const open = await trial.network('open', ['--attachable'])
  const target = takers(cluster).at(-1) ?? cluster.manager
  const service = await trial.service('task', [
    ...['--network', open.name],
    ...['--constraint', `node.id==${target.nodeId}`],
  ])
  const refused = await runOn(cluster.nodes, trial, 'closed', closed.name)
  const [task] = await trial.running([service], 1)
  if (task === undefined) throw new Inconclusive('the task to be reached does not run')
  // One is enough: that it is let in is for the managers to say, wherever it starts.
  const elsewhere = cluster.nodes.find((node) => node !== target) ?? target
  const accepted = await runOn([elsewhere], trial, 'open', open.name)
  const plan = accepted.flatMap(({ container }) =>
    container === undefined ? [] : asks(lab, container, addressOn(task, open)),
  )
  const reached = await sendPlan(probe, plan)
  return {
    ...{ closed: closed.name, open: open.name, task: taskFacts(task), reached },
    refused: refused.map(({ seen }) => seen),
    accepted: accepted.map(({ seen }) => seen),
  }
}

interface Asked {
  readonly seen: Running
  readonly container: Standalone | undefined
}

function runOn(nodes: readonly ClusterNode[], trial: Trial, name: string, network: string): Promise<Asked[]> {
  return Promise.all(
    nodes.map(async (node): Promise<Asked> => {
      const answer = await trial.container(name, node, ['--network', network])
      const container = 'pid' in answer ? answer : undefined
      const words = 'words' in answer ? answer.words : ''
      const label = `${trial.nameOf(name)}@${node.host.name}`
      const { accepted } = answer
      return {
        seen: { node: node.host.name, accepted, label, endpoints: container?.endpoints ?? {}, words },
        container,
      }
    }),
  )
}

function asks({ stack }: ObserveContext, container: Standalone, to: string): Planned<Asking>[] {
  const { host } = container.node
  const from = { host, namespace: { pid: container.pid }, label: `${container.name}@${host.name}` }
  const common = { from, to, timeoutMs: 15_000 }
  return [
    { protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes: 84 } },
    { protocol: 'tcp', request: { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) } },
  ]
}

export function runCommand(network: string): string {
  return `docker run --network ${network}`
}

/** What an engine said first, behind the id of the container that it made and did not start. */
export function firstLine(words: string): string {
  const lines = words.split('\n').filter((line) => line !== '' && !/^[0-9a-f]{64}$/.test(line))
  return (lines[0] ?? '').slice(0, 160)
}

/** A host without the probe image refuses for a reason of its own. */
export function lacksImage({ accepted, words }: Running): boolean {
  return !accepted && /no such image|unable to find image/i.test(words)
}
