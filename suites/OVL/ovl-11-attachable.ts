import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { httpGet } from '../../lib/probe/http.ts'
import type { Observation } from '../../lib/probe/probe.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import type { Standalone } from '../../lib/swarm/standalone.ts'
import type { Answer, Trial } from '../../lib/swarm/trial.ts'
import { type ClusterNode, takers } from '../../lib/swarm/cluster.ts'
import { deliveryProblem } from '../scene/delivery.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { moby } from '../source.ts'

export const attachableOnly = conformanceTest({
  id: 'OVL-11',
  requirement: 'A standalone container joins only an `attachable` overlay.',
  source: [
    { document: 'Docker docs, Overlay network driver', section: 'Create an overlay network' },
    moby('api/swagger.yaml: Attachable of a network'),
  ],
  safety: 'production',
  needs: [],
  method:
    'On every node a container is run with docker run on an overlay that was created without --attachable, which the engine must refuse, and on one node another on an overlay of the test’s own that is attachable. That one must start, have an address in the network’s subnet, and reach a task of the network on another node by ICMP and TCP. The accepted container is the control for the refused one: same image, same node, same command but for the network.',
  usualCauses: [
    'the network was created without --attachable, or made anew without it by a stack file (attachable: true is missing)',
    'the data path between the container’s host and the task’s is blocked: see CTL-04',
    'a worker cannot reach a manager to ask for the attachment: see CTL-01',
  ],
  remedy: [
    'docker network inspect --format "{{.Attachable}}" NETWORK',
    'docker network create --driver overlay --attachable NETWORK; in a compose file: attachable: true',
  ],
  async run(context) {
    const { cluster, stack, probe, evidence } = context
    await using trial = context.trial('ovl11')
    const closed = stack.networks.clear
    const open = await trial.network('open', ['--attachable'])
    const target = takers(cluster).at(-1) ?? cluster.manager
    const service = await trial.service('task', [
      ...['--network', open.name],
      ...['--constraint', `node.id==${target.nodeId}`],
    ])
    const refused = await runOn(cluster.nodes, trial, 'closed', closed.name)
    const [task] = await trial.running([service], 1)
    if (task === undefined) throw new Error('the task to be reached does not run')
    // One is enough: that it is let in is for the managers to say, wherever it starts.
    const elsewhere = cluster.nodes.find((node) => node !== target) ?? target
    const accepted = await runOn([elsewhere], trial, 'open', open.name)
    const joined = accepted.flatMap(({ answer }) => (isRunning(answer) ? [answer] : []))
    const tried = joined.flatMap((container) => [
      { container, to: task, protocol: 'icmp' as const },
      { container, to: task, protocol: 'tcp' as const },
    ])
    const observations = await probe.send(
      tried.map(({ container, protocol }) => {
        const from = {
          host: container.node.host,
          namespace: { pid: container.pid },
          label: containerLabel(container),
        }
        const common = { from, to: addressOn(task, open), timeoutMs: 15_000 }
        return protocol === 'icmp'
          ? { ...common, kind: 'icmp', packetBytes: 84 }
          : { ...common, kind: 'tcp', port: 80, request: httpGet(pagePath(stack)) }
      }),
    )
    const reached = tried.map((entry, index) => ({
      ...entry,
      observation: observations[index] as Observation,
    }))
    evidence.observe('docker run on an overlay that is not attachable', refused.map(inWords))
    evidence.observe('docker run on an attachable overlay', accepted.map(inWords))
    evidence.observe(
      `how ${taskLabel(task)} was reached`,
      reached.map(({ container, protocol, observation }) => ({
        from: containerLabel(container),
        protocol,
        outcome: observation.outcome,
      })),
    )
    requireImage([...refused, ...accepted])
    requireNone('a standalone container joins an attachable overlay and no other', [
      ...refused
        .filter(({ answer }) => answer.accepted)
        .map(
          ({ node }) =>
            `${node.host.name}: the engine let a container join ${closed.name}, which is not attachable`,
        ),
      ...accepted.flatMap(({ node, answer }) =>
        isRunning(answer)
          ? []
          : [
              `${node.host.name}: the engine refused a container on ${open.name}, which is attachable: ${wordsOf(answer)}`,
            ],
      ),
      ...joined
        .filter(({ endpoints }) => (endpoints[open.name]?.address ?? '') === '')
        .map((container) => `${containerLabel(container)} has no address on ${open.name}`),
      ...reached.flatMap((one) => {
        const problem = deliveryProblem(one)
        return problem === undefined
          ? []
          : [`${containerLabel(one.container)} → ${taskLabel(task)}: ${problem}`]
      }),
    ])
    evidence.conclude(
      `${refused.length} engines refused a container on ${closed.name}; on an attachable overlay ${joined.length} was accepted, on ${elsewhere.host.name}, and reached ${taskLabel(task)} by ICMP and TCP`,
    )
  },
})

interface Asked {
  readonly node: ClusterNode
  readonly answer: Standalone | Answer
}

function runOn(nodes: readonly ClusterNode[], trial: Trial, name: string, network: string): Promise<Asked[]> {
  return Promise.all(
    nodes.map(async (node) => ({
      node,
      answer: await trial.container(name, node, ['--network', network]),
    })),
  )
}

function isRunning(answer: Standalone | Answer): answer is Standalone {
  return 'pid' in answer
}

function wordsOf(answer: Standalone | Answer): string {
  return isRunning(answer) ? '' : (answer.words.split('\n').find((line) => line !== '') ?? '')
}

function inWords({ node, answer }: Asked) {
  return isRunning(answer)
    ? { node: node.host.name, accepted: true, networks: Object.keys(answer.endpoints) }
    : { node: node.host.name, accepted: false, words: wordsOf(answer) }
}

function containerLabel({ name, node }: Standalone): string {
  return `${name}@${node.host.name}`
}

/** A host without the probe image refuses for a reason of its own. */
function requireImage(asked: readonly Asked[]): void {
  const lacking = asked.find(({ answer }) => /no such image|unable to find image/i.test(wordsOf(answer)))
  if (lacking === undefined) return
  throw new Error(`${lacking.node.host.name} has no image to run: ${wordsOf(lacking.answer)}`)
}
