import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { SwarmproofError } from '../../lib/error.ts'
import { eventually } from '../../lib/eventually.ts'
import { guardedState } from '../../lib/observe/guarded-state.ts'
import { readHostState } from '../../lib/observe/read-host-state.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { TrialStack } from '../../lib/swarm/trial-stack.ts'
import { effects, effectiveWithinMs, requireEffect } from '../scene/effects.ts'
import { meshPort, unanswered } from '../scene/opened-port.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { overlayTutorial } from '../source.ts'
import { type Footprint, tracesOf } from './leftovers.ts'

const first = {}
const second = { network: 'other' }

/** As for OVL-12: no source names a time, and emulated hosts under load need several seconds. */
const goneWithinMs = 30_000

export const stackAgain = conformanceTest({
  id: 'OVL-18',
  requirement:
    'A stack’s ports are published; deployed again with another network its service moves there within a stated bound, and the old network stays until it is removed.',
  source: [overlayTutorial('User-Defined Overlay Network')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: 2 * effectiveWithinMs + goneWithinMs + 120_000,
  method:
    'A stack of one service that publishes a port is deployed from a compose file without a network: within 90 s its task must be on <stack>_default, and every node, asked on the port by another, must give its answer. Deployed again with another network declared, within 90 s its task must be on that one, not on the old one, and the port must be answered everywhere again; the old network must still be there, and removing it must be accepted. Within 30 s no kernel may hold anything of it, which the kernel of the first task’s node was seen to hold.',
  usualCauses: [
    'the update is stuck because the new task cannot be placed or started: docker service ps SERVICE tells',
    'a container that somebody attached keeps the old network',
    'a firewall lets only ports pass that were published before: those given by managers are 30000 to 32767',
  ],
  remedy: [
    'docker stack ps --no-trunc STACK; docker network inspect STACK_default on a manager and on the node named',
    'docker network rm STACK_default once nothing is attached any more; see OVL-12 for what is left',
  ],
  async run(context) {
    const { cluster, topology, evidence } = context
    const manager = cluster.manager.host.name
    const { ingress } = context.stack.networks
    await using trial = context.trial('again')
    await using stack = new TrialStack(cluster, {
      ...{ name: trial.nameOf('stack'), label: trial.label, spec: topology.stack },
    })
    await stack.deploy(first)
    const before = await settledOn(context, stack, first)
    const added = requireEffect(context, 'the first version of the stack', before.network)
    requireEffect(context, 'publishing by a compose file', before.port)
    const old = await footprint(stack, before.task)
    const held = await tracesOn(before.task.node, old)

    await stack.deploy(second)
    const after = await settledOn(context, stack, second, first)
    const left = await stack.networksLeft()
    const moved = requireEffect(context, 'another network in a stack', after.network)
    requireEffect(context, 'publishing by the second version', after.port)
    evidence.observe('networks of the stack after the second version', left)
    requireNone(
      'the old network stays until it is removed',
      left.includes(old.name) ? [] : [`${manager} no longer lists ${old.name}; it lists ${left.join(', ')}`],
    )
    if (held.length === 0)
      throw new Error(
        `the kernel of ${before.task.node.host.name} held nothing of ${old.name} before, so "nothing left" proves nothing`,
      )
    await stack.removeNetwork(first)
    const gone = await untilGone(context, old)
    evidence.measure('until nothing was left of the old network', gone.seconds, 's', goneWithinMs / 1000)
    requireNone(`nothing of the removed network is left within ${goneWithinMs / 1000} s`, gone.left)
    evidence.conclude(
      `the stack’s task ran on ${old.name} after ${added} s and answered on ${cluster.nodes.length} nodes by port ${before.publishedPort} of ${ingress.name}; deployed again it was on ${stack.networkName(second)} after ${moved} s; ${old.name} stayed until it was removed, and was gone ${gone.seconds} s later`,
    )
  },
})

async function settledOn(
  context: TestContext,
  stack: TrialStack,
  wanted: { readonly network?: string },
  left?: { readonly network?: string },
) {
  const name = stack.networkName(wanted)
  let task: Task | undefined
  let publishedPort: number | undefined
  const seen = await effects(context, `${name} in a compose file`, async () => {
    const [service, running] = [await stack.service(), await stack.task()]
    task = running
    publishedPort = meshPort(service)
    const still = left !== undefined && addressOn(running, { name: stack.networkName(left) }) !== ''
    return {
      network: [
        ...(addressOn(running, { name }) === '' ? [`${taskLabel(running)} is not on ${name}`] : []),
        ...(still ? [`${taskLabel(running)} still is on ${stack.networkName(left)}`] : []),
      ],
      port: await unanswered(context, service, running),
    }
  })
  if (task === undefined) throw new Error(`no task of ${stack.serviceName} was seen`)
  return { ...seen, task, publishedPort }
}

async function footprint(stack: TrialStack, task: Task): Promise<Footprint> {
  const { id, name, subnet, vni } = await stack.network(first)
  const mac = task.endpoints[name]?.mac ?? ''
  return { id, name, subnet, vni, macs: new Set(mac === '' ? [] : [mac]) }
}

/** Read for this alone: what all tests share must not hold what is gone in a moment. */
async function tracesOn({ host }: ClusterNode, network: Footprint): Promise<string[]> {
  const state = guardedState(await readHostState(host))
  return tracesOf(network, state).map((trace) => `${host.name}: ${trace} of ${network.name}`)
}

async function untilGone(
  { cluster, signal }: TestContext,
  network: Footprint,
): Promise<{ seconds: number; left: readonly string[] }> {
  const startedAt = performance.now()
  let left: readonly string[] = ['the kernels could not be read']
  const bound = { what: 'nothing is left', withinMs: goneWithinMs, everyMs: 1000, signal }
  await eventually(bound, async () => {
    left = (await Promise.all(cluster.nodes.map((node) => tracesOn(node, network)))).flat()
    return left.length === 0 ? { ready: true, value: undefined } : { ready: false, seen: left.join('; ') }
  }).catch((error: unknown) => {
    if (!(error instanceof SwarmproofError && error.code === 'BOUND_EXCEEDED')) throw error
  })
  return { seconds: Math.round((performance.now() - startedAt) / 100) / 10, left }
}
