import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import type { Observation, Origin, ProbeRequest } from '../../lib/probe/probe.ts'
import type { ClusterNode, Task } from '../../lib/swarm/cluster.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { outcomeText } from '../scene/outcome.ts'
import { inTask, onNode, taskLabel } from '../scene/pair.ts'
import { taskNamespace } from '../scene/task-namespace.ts'
import { docs, moby } from '../source.ts'
import { contains } from '../../lib/topology/cidr.ts'

const bridge = 'docker_gwbridge'

/** Nothing is expected to answer. */
const silenceMs = 1500

export const noNeighbours = conformanceTest({
  id: 'GWB-03',
  requirement: 'Two tasks on one host cannot talk over docker_gwbridge.',
  source: [
    docs('Overlay networking'),
    docs('Customize the docker_gwbridge'),
    moby('libnetwork/default_gateway_linux.go, createGWNetwork: made with enable_icc=false'),
  ],
  safety: 'production',
  needs: [],
  method:
    'On every node with two tasks, each of the two sends an ICMP echo and an HTTP request to the other’s address on docker_gwbridge. None may be answered. And a task of each node sends them to the address a task of another node has on that node’s docker_gwbridge, where its own node has no such address: the bridge joins no hosts, so that task must not answer. Control: the node itself sends the same to the same addresses in the same call and is answered, so they are right and listen.',
  usualCauses: [
    'docker_gwbridge was made by hand without com.docker.network.bridge.enable_icc=false',
    'an administrator’s rule in DOCKER-USER or FORWARD accepts everything between bridges',
    'net.bridge.bridge-nf-call-iptables is 0, so that the firewall does not see bridged packets',
  ],
  remedy: [
    'docker network inspect docker_gwbridge: look for enable_icc',
    'iptables -S FORWARD; iptables -S DOCKER-USER; sysctl net.bridge.bridge-nf-call-iptables',
  ],
  async run(context) {
    const { cluster, evidence, probe } = context
    const states = await context.state()
    const pairs = cluster.nodes.flatMap((node) => pairOn(node, context, states))
    if (pairs.length === 0) throw new Error('no node runs two tasks, so no two of one host could be tried')
    const far = acrossNodes(cluster.nodes, context, states)
    const planned = [...pairs.flatMap(plan), ...far.flatMap(planFar)]
    const observations = await probe.send(planned.map(({ request }) => request))
    const tried = planned.map((entry, index) => ({
      ...entry,
      observation: observations[index] as Observation,
    }))
    evidence.observe(
      'attempts',
      tried.map(({ what, from, to, observation, request }) => ({
        ...{ what, from, to: taskLabel(to.task), address: to.address, by: request.kind },
        outcome: observation.outcome,
      })),
    )
    const crossed = tried.filter(
      ({ what, to, observation }) => what === 'far' && answeredBy(observation) === to.task.hostname,
    )
    requireNone(`tasks do not reach each other over ${bridge}`, [
      ...crossed.map(
        ({ from, to, request }) =>
          `${from} got an answer of ${taskLabel(to.task)} by ${request.kind.toUpperCase()} at ${to.address}, its address on ${bridge} of another node`,
      ),
      ...tried
        .filter(({ what, observation }) => what === 'attempt' && isAnswer(observation))
        .map(
          ({ from, to, request }) =>
            `${to.task.node.host.name}: ${taskLabel(to.task)} answered ${from} by ${request.kind.toUpperCase()} at ${to.address}`,
        ),
    ])
    const deaf = tried.filter(({ what, observation }) => what === 'control' && !isAnswer(observation))
    if (deaf.length > 0) {
      const told = deaf.map(({ to, observation }) => `${taskLabel(to.task)} ${outcomeText(observation)}`)
      throw new Error(`the node itself was not answered, so silence proves nothing: ${told.join('; ')}`)
    }
    const attempts = tried.filter(({ what }) => what === 'attempt').length
    evidence.conclude(
      `${attempts} attempts between two tasks on each of ${pairs.length} nodes got no answer over ${bridge}, while the nodes themselves were answered; ${far.length === 0 ? 'no two nodes have different addresses there, so none could be tried across hosts' : `nor did ${far.length} across hosts`}`,
    )
  },
})

/** From a task of one node to a task of another, by an address that only the other node has. */
interface Far {
  readonly from: Task
  readonly to: OnBridge
}

/** Each node to the next, where that one has an address on its bridge that this one has not. */
function acrossNodes(
  nodes: readonly ClusterNode[],
  context: Pick<TestContext, 'stack'>,
  states: ReadonlyMap<string, HostState>,
): Far[] {
  return nodes.flatMap((node, index): Far[] => {
    const next = nodes[(index + 1) % nodes.length]
    const [caller] = onBridge(node, context, states)
    if (next === undefined || next === node || caller === undefined) return []
    const state = stateOf(states, node)
    const own = new Set(
      [state.root, ...Object.values(state.namespaces)].flatMap(({ links }) =>
        links.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
      ),
    )
    const to = onBridge(next, context, states).find(({ address }) => !own.has(address))
    return to === undefined ? [] : [{ from: caller.task, to }]
  })
}

/** HTTP alone says who answers: elsewhere on the underlay somebody may have the same address. */
function planFar({ from, to }: Far): Planned[] {
  const http = { kind: 'tcp' as const, port: 80, request: httpGet('/') }
  return [
    {
      what: 'far',
      from: taskLabel(from),
      to,
      request: { from: inTask(from), to: to.address, timeoutMs: silenceMs, ...http },
    },
    {
      what: 'control',
      from: to.task.node.host.name,
      to,
      request: { from: onNode(to.task.node), to: to.address, ...http },
    },
  ]
}

function answeredBy({ replies }: Observation): string | undefined {
  return httpBody(replies[0])?.trim()
}

interface OnBridge {
  readonly task: Task
  readonly address: string
}

type Pair = readonly [OnBridge, OnBridge]

function pairOn(
  node: ClusterNode,
  context: Pick<TestContext, 'stack'>,
  states: ReadonlyMap<string, HostState>,
): Pair[] {
  const [first, second] = onBridge(node, context, states)
  return first === undefined || second === undefined ? [] : [[first, second]]
}

function onBridge(
  node: ClusterNode,
  { stack }: Pick<TestContext, 'stack'>,
  states: ReadonlyMap<string, HostState>,
): OnBridge[] {
  const subnet = rootOf(stateOf(states, node), 'ip')
    .links.find(({ name }) => name === bridge)
    ?.addresses.find(({ family }) => family === 'inet')
  if (subnet === undefined) throw new Error(`${node.host.name} has no address on ${bridge}`)
  const cidr = `${subnet.address}/${subnet.prefixLength}`
  return stack.tasks
    .filter((task) => task.node === node)
    .flatMap((task): OnBridge[] => {
      const addresses = taskNamespace(task, states)?.links.flatMap((link) => link.addresses) ?? []
      const own = addresses.find(({ address, family }) => family === 'inet' && contains(cidr, address))
      return own === undefined ? [] : [{ task, address: own.address }]
    })
}

interface Planned {
  readonly what: 'attempt' | 'far' | 'control'
  readonly from: string
  readonly to: OnBridge
  readonly request: ProbeRequest
}

function plan([first, second]: Pair): Planned[] {
  const requests = (from: Origin, to: OnBridge, what: Planned['what']): Planned[] => {
    const common = { from, to: to.address, ...(what === 'attempt' ? { timeoutMs: silenceMs } : {}) }
    return [
      { what, from: from.label, to, request: { ...common, kind: 'icmp', packetBytes: 84 } },
      { what, from: from.label, to, request: { ...common, kind: 'tcp', port: 80, request: httpGet('/') } },
    ]
  }
  return [
    ...requests(inTask(first.task), second, 'attempt'),
    ...requests(inTask(second.task), first, 'attempt'),
    ...requests(onNode(first.task.node), first, 'control'),
    ...requests(onNode(second.task.node), second, 'control'),
  ]
}

function isAnswer({ outcome }: Observation): boolean {
  return outcome === 'answered' || outcome === 'connected' || outcome === 'refused'
}
