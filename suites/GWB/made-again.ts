import type { ObserveContext } from '../../lib/conformance/context.ts'
import { taskFacts } from '../../lib/conformance/facts.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { taskName } from '../../lib/observation/facts.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import type { Host } from '../../lib/host/host.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import { poll } from '../../lib/poll.ts'
import { sh } from '../../lib/script.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { askEngine, joinAgain, leave, leavingWorker } from '../../lib/swarm/membership.ts'
import { readNetworkViews } from '../../lib/swarm/network-view.ts'
import { readCluster } from '../../lib/swarm/read-cluster.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import { createGatewayBridge } from '../../lib/swarm/swarm-networks.ts'
import type { Answer } from '../../lib/swarm/answer.ts'
import { networkOf, overlaps } from '../../lib/topology/cidr.ts'
import { backWithinMs } from '../RES/bounds.ts'
import { isDefaultLike } from '../../lib/topology/default-like.ts'
import { gatewayBridgeSeen, gatewayInterfaceSeen } from '../scene/judging/gateway-interface.ts'
import { rootSeen } from '../scene/judging/kernel-seen.ts'
import type { BridgeSeen, BridgeWanted } from './bridge-settings.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

const mtuBytes = 1380
/** The engine ends the sandbox of ingress a moment after it left. */
const freedWithinMs = 60_000
/** Of an engine's words. */
const longest = 300

/** What the engine is asked, as a report names it. */
export const removing = `docker network rm ${gatewayBridgeName}`
export const creating = `docker network create ${gatewayBridgeName}`

/** A worker is asked to remove the bridge as a member, leaves, has it made with other settings, and joins again. */
export interface BridgeMadeAgain {
  readonly node: string
  readonly wanted: BridgeWanted
  readonly member: Answer
  /** Outside the swarm, asked until the engine agreed. */
  readonly removed: Part<Polled<Answer>>
  /** Absent where the old one was not removed. */
  readonly made?: Part<Answer>
  readonly joined: Part<true>
  /** Once a task of a global service runs on the node again; without one where none does. */
  readonly after: Part<BridgeSeen>
}

export async function bridgeMadeAgain(lab: ObserveContext): Promise<BridgeMadeAgain> {
  const { cluster, signal } = lab
  const node = leavingWorker(cluster)
  const ask = async (command: Parameters<typeof askEngine>[1]): Promise<Answer> => {
    const { accepted, words } = await askEngine(node.host, command)
    return { accepted, words: words.slice(0, longest) }
  }
  const remove = sh`docker network rm ${gatewayBridgeName}`
  const wanted = { subnet: await freeSubnet(lab, node), mtuBytes }
  const member = await ask(remove)
  let outside: Pick<BridgeMadeAgain, 'removed' | 'made'>
  let joined: Part<true>
  try {
    const left = await observePart(() => leave(cluster, node, signal))
    const bound = { what: 'the engine removes it', withinMs: freedWithinMs, everyMs: 1000, signal }
    // A member that removed it has none any more, and would be asked in vain.
    const look = async (): Promise<Answer> => (member.accepted ? member : ask(remove))
    const removed =
      'got' in left
        ? await observePart(() => poll(bound, look, ({ accepted }) => (accepted ? [] : ['refused'])))
        : left
    const isFree = 'got' in removed && removed.got.reached
    outside = isFree
      ? { removed, made: await observePart(() => ask(createGatewayBridge(wanted))) }
      : { removed }
  } finally {
    // Whatever came between, also where the run was interrupted: the host was a member and is to be one again.
    const by = { advertise: node.advertise.address, dataPath: node.dataPath.address }
    joined = await observePart(async () => {
      await joinAgain(cluster, node.host, by, signal)
      return true as const
    })
  }
  return {
    ...{ node: node.host.name, wanted, member, ...outside, joined },
    after: 'got' in joined ? await settings(lab, node.host, wanted) : joined,
  }
}

/** How the bridge is by the engine and the kernel, once a task of a global service runs on the node again. */
async function settings(
  { cluster, stack, topology, signal }: ObserveContext,
  host: Host,
  { subnet }: BridgeWanted,
): Promise<Part<BridgeSeen>> {
  const { rr } = stack.services
  const read = await observePart(async () => {
    const again = await readCluster(
      topology,
      cluster.nodes.map((one) => one.host),
    )
    const bound = { what: `a task of ${rr.name} runs there`, withinMs: backWithinMs, everyMs: 2000, signal }
    const tasks = await poll(
      bound,
      async () => (await readTasks(again, [rr.name])).filter((one) => one.node.host === host).map(taskFacts),
      (own) => (own.length === 0 ? ['none'] : []),
    )
    const views = (await readNetworkViews(again)).get(host.name) ?? []
    return { tasks: tasks.last, views, states: { [host.name]: await readHostState(host) } }
  })
  if (!('got' in read)) return read
  const { tasks, views, states } = read.got
  const view = views.find(({ name }) => name === gatewayBridgeName)
  const bridge = gatewayBridgeSeen(states, host.name)
  if (!('got' in bridge)) return bridge
  const seen: BridgeSeen['tasks'][number][] = []
  for (const task of tasks) {
    const at = gatewayInterfaceSeen(states, task, [subnet])
    if (!('got' in at)) return at
    const { link, address } = at.got ?? {}
    seen.push({ task: taskName(task), interface: link?.name, address, mtuBytes: link?.mtuBytes })
  }
  const { addresses, mtuBytes: bridgeMtu } = bridge.got ?? { addresses: [], mtuBytes: 0 }
  return {
    got: {
      ...(view === undefined
        ? {}
        : {
            stated: { subnet: view.subnets.join(), mtu: view.options['com.docker.network.driver.mtu'] },
          }),
      ...(bridge.got === undefined
        ? {}
        : {
            bridge: {
              address: addresses.find(({ family }) => family === 'inet')?.address,
              mtuBytes: bridgeMtu,
            },
          }),
      tasks: seen,
    },
  }
}

/** A /24 of the range for benchmarks (RFC 2544) that overlaps no route of the host and no overlay. */
async function freeSubnet({ stack }: ObserveContext, { host }: ClusterNode): Promise<string> {
  const root = rootSeen({ [host.name]: await readHostState(host) }, host.name, 'devices')
  if (!('got' in root)) throw new Inconclusive(`the routes of ${host.name} could not be read`)
  const used = [
    ...Object.values(stack.networks).map(({ subnet }) => subnet),
    ...root.got.routes.map(({ destination }) => destination).filter((block) => !isDefaultLike(block)),
  ].filter((block) => block !== '')
  const candidates = Array.from({ length: 64 }, (_, index) => `198.19.${index}.0/24`)
  const free = candidates.find((candidate) => !used.some((block) => overlaps(networkOf(block), candidate)))
  if (free === undefined)
    throw new Inconclusive('every block of 198.19.0.0/18 is in use, so the bridge cannot be given one')
  return free
}
