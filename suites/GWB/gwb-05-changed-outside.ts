import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import { guardedState } from '../../lib/observe/guarded-state.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { askEngine, joinAgain, leave, leavingWorker } from '../../lib/swarm/membership.ts'
import { readNetworkViews } from '../../lib/swarm/network-view.ts'
import { readCluster } from '../../lib/swarm/read-cluster.ts'
import { readTasks } from '../../lib/swarm/read-objects.ts'
import { createGatewayBridge } from '../../lib/swarm/swarm-networks.ts'
import { backWithinMs } from '../RES/bounds.ts'
import { gatewayInterface } from '../scene/gateway-interface.ts'
import { rootOf } from '../scene/kernel.ts'
import { taskLabel } from '../scene/pair.ts'
import { docs } from '../source.ts'
import { contains, networkOf, overlaps } from '../../lib/topology/cidr.ts'
import { sh } from '../../lib/script.ts'

const bridgeName = 'docker_gwbridge'
const mtuBytes = 1380
/** The engine ends the sandbox of ingress a moment after it left. */
const freedWithinMs = 60_000

export const changedOutside = conformanceTest({
  id: 'GWB-05',
  requirement:
    '`docker_gwbridge` is changed outside the swarm only: a member refuses to remove it; made anew between leaving and joining, it has the new settings.',
  source: [docs('Customize the docker_gwbridge')],
  safety: 'lab',
  needs: ['two-nodes'],
  timeLimitMs: backWithinMs + 420_000,
  method:
    'A worker is asked to remove docker_gwbridge while it is a member, and must refuse with an error that names the reason. Then it leaves the swarm, removes the bridge, makes it anew with another subnet and an MTU of 1380, and joins again. Once a task runs on it, the engine must state both, the kernel’s bridge must have an address of the subnet, and the task’s interface there an address of it and the MTU. The host keeps the bridge the test made.',
  usualCauses: [
    'the engine made the bridge anew with its defaults because it was restarted between removing and creating it',
    'a container that is no task hangs on docker_gwbridge and keeps it',
  ],
  remedy: [
    'docker network inspect docker_gwbridge on the node named: who is attached?',
    'docker swarm leave, docker network rm docker_gwbridge, docker network create --subnet … docker_gwbridge, docker swarm join',
  ],
  async run(context) {
    const { cluster, signal, evidence } = context
    const node = leavingWorker(cluster)
    const host = node.host.name
    const removing = sh`docker network rm ${bridgeName}`
    const member = await askEngine(node.host, removing)
    evidence.observe(`what ${host} said to removing it as a member`, {
      ...member,
      words: member.words.slice(0, 300),
    })
    requireNone('a member refuses to remove docker_gwbridge', [
      ...(member.accepted ? [`${host} removed ${bridgeName} while it is a member`] : []),
      ...(member.accepted || /active endpoints|in use|cannot be removed|has .*endpoint/i.test(member.words)
        ? []
        : [`${host} refused without saying why: ${member.words.slice(0, 160) || 'nothing'}`]),
    ])
    const subnet = await freeSubnet(context, node)
    await leave(cluster, node, signal)
    const bound = {
      what: `${bridgeName} can be removed outside the swarm`,
      withinMs: freedWithinMs,
      everyMs: 1000,
      signal,
      host,
    }
    let last = ''
    const freed = await eventually(bound, async () => {
      const { accepted, words } = await askEngine(node.host, removing)
      last = words
      return accepted ? { ready: true, value: true } : { ready: false, seen: words }
    }).catch((error: unknown) => {
      if (error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED') return false
      throw error
    })
    const made = freed ? await askEngine(node.host, createGatewayBridge({ subnet, mtuBytes })) : undefined
    const by = { advertise: node.advertise.address, dataPath: node.dataPath.address }
    await joinAgain(cluster, node.host, by, signal)
    requireNone('outside the swarm docker_gwbridge can be removed and made anew', [
      ...(freed
        ? []
        : [
            `${host} refused to remove it ${freedWithinMs / 1000} s after it had left: ${last.slice(0, 160)}`,
          ]),
      ...(made === undefined || made.accepted
        ? []
        : [`${host} refused to make it: ${made.words.slice(0, 160)}`]),
    ])
    const seen = await settings(context, node, subnet)
    evidence.observe(`${bridgeName} of ${host}, made with subnet ${subnet} and MTU ${mtuBytes}`, seen.told)
    requireNone(`${bridgeName} has the settings it was made with outside the swarm`, seen.problems)
    evidence.conclude(
      `${host} refused to remove ${bridgeName} as a member, and has subnet ${subnet} and MTU ${mtuBytes} on it since it left, made it anew and joined`,
    )
  },
})

/** How the bridge is by the engine and the kernel, once a task of a global service runs on the node again. */
async function settings(
  { cluster, stack, topology, signal }: TestContext,
  { host }: ClusterNode,
  subnet: string,
): Promise<{ told: object; problems: readonly string[] }> {
  const again = await readCluster(
    topology,
    cluster.nodes.map((node) => node.host),
  )
  const { rr } = stack.services
  const bound = {
    what: `a task of ${rr.name} runs there`,
    withinMs: backWithinMs,
    everyMs: 2000,
    signal,
    host: host.name,
  }
  const task = await eventually(bound, async () => {
    const tasks = await readTasks(again, [rr.name])
    const own = tasks.find((one) => one.node.host === host)
    return own === undefined
      ? { ready: false, seen: `${tasks.length} tasks run` }
      : { ready: true, value: own }
  })
  const views = await readNetworkViews(again)
  const state = guardedState(await readHostState(host))
  const view = views.get(host.name)?.find(({ name }) => name === bridgeName)
  const bridge = rootOf(state, 'ip').links.find(({ name }) => name === bridgeName)
  const address = bridge?.addresses.find(({ family }) => family === 'inet')?.address
  const at = gatewayInterface(task, new Map([[host.name, state]]), [subnet])
  const stated = { subnet: view?.subnets.join(), mtu: view?.options['com.docker.network.driver.mtu'] }
  return {
    told: {
      stated,
      bridge: address,
      task: at === undefined ? 'none' : { address: at.address, mtuBytes: at.link.mtuBytes },
    },
    problems: [
      ...(stated.subnet === subnet
        ? []
        : [`${host.name} states subnet ${stated.subnet ?? 'none'}, expected ${subnet}`]),
      ...(Number(stated.mtu) === mtuBytes
        ? []
        : [`${host.name} states MTU ${stated.mtu ?? 'none'}, expected ${mtuBytes}`]),
      ...(address !== undefined && contains(subnet, address)
        ? []
        : [`${host.name}: the bridge has address ${address ?? 'none'}, expected one of ${subnet}`]),
      ...taskProblems(task, at, subnet),
    ],
  }
}

function taskProblems(task: Task, at: ReturnType<typeof gatewayInterface>, subnet: string): string[] {
  if (at === undefined) return [`${taskLabel(task)} has no interface in ${subnet}`]
  return at.link.mtuBytes === mtuBytes
    ? []
    : [`${at.link.name} of ${taskLabel(task)} has MTU ${at.link.mtuBytes}, expected ${mtuBytes}`]
}

/** A /24 of the range for benchmarks (RFC 2544) that overlaps no route of the host and no overlay. */
async function freeSubnet(context: TestContext, node: ClusterNode): Promise<string> {
  const { root } = guardedState(await readHostState(node.host))
  const used = [
    ...Object.values(context.stack.networks).map(({ subnet }) => subnet),
    ...root.routes.map(({ destination }) => destination).filter((destination) => destination !== 'default'),
  ].filter((block) => block !== '')
  const candidates = Array.from({ length: 64 }, (_, index) => `198.19.${index}.0/24`)
  const free = candidates.find((candidate) => !used.some((block) => overlaps(networkOf(block), candidate)))
  if (free === undefined)
    throw new Error('every block of 198.19.0.0/18 is in use, so the bridge cannot be given one')
  return free
}
