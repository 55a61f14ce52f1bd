import { requirement } from '../../lib/conformance/test.ts'
import { taskName, taskOf } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { docs, moby } from '../source.ts'
import { isAnswer, neighbours } from './neighbours.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

export const noNeighbours = requirement({
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
  codes: ['answered-over-gateway-bridge', 'gateway-bridges-joined'],
  changes: [],
  quiet: [],
  reads: [kernel],
  probes: ({ facts }) => 8 * facts.nodes.length,
  observe: neighbours,
  judge({ onBridge, tried }, facts) {
    const { got, missing, unseen } = part(onBridge, `addresses on ${gatewayBridgeName}`)
    const named = tried.map((one) => ({ ...one, target: taskOf(facts, one.to) }))
    const pairs = [...got.values()].filter((tasks) => tasks.length > 1).length
    const count = (what: string): number => tried.filter((one) => one.what === what).length
    const controls = named.filter(({ what }) => what === 'control')
    const deaf = controls.filter(({ probe }) => !isAnswer(probe))
    return judgement({
      problems: [
        ...named
          .filter(({ what, target, probe }) => what === 'far' && probe.replies[0] === target.hostname)
          .map(({ target, probe }): Problem => ({
            ...{ code: 'gateway-bridges-joined', kind: 'seen', address: probe.to },
            path: { from: probe.fromNode, to: target.node },
            ends: { from: probe.from, to: taskName(target) },
            protocol: probe.kind.toUpperCase(),
            ...(probe.port === undefined ? {} : { port: probe.port }),
          })),
        ...named
          .filter(({ what, probe }) => what === 'attempt' && isAnswer(probe))
          .map(({ target, probe }): Problem => ({
            ...{ code: 'answered-over-gateway-bridge', kind: 'seen', node: target.node, address: probe.to },
            ends: { from: probe.from, to: taskName(target) },
            ...{ protocol: probe.kind.toUpperCase(), observed: outcomeSeen(probe) },
            ...(probe.port === undefined ? {} : { port: probe.port }),
          })),
      ],
      controls: [
        {
          ...{ name: 'the nodes themselves are answered', held: controls.length > 0 && deaf.length === 0 },
          observed: [
            `${controls.length - deaf.length} of ${controls.length}`,
            ...deaf.map(({ target, probe }) => `${taskName(target)} ${outcomeSeen(probe)}`),
          ].join('; '),
        },
      ],
      missing,
      unseen: [
        ...unseen,
        ...(pairs === 0 && unseen.length === 0 && missing.length === 0
          ? [{ what: 'two tasks on one node', nodes: facts.nodes.map(({ name }) => name) }]
          : []),
      ],
      tables: {
        attempts: named.map(({ what, target, probe }) => ({
          ...{ what, from: probe.from, to: taskName(target), address: probe.to, by: probe.kind },
          outcome: probe.outcome,
        })),
      },
      conclusion:
        pairs === 0
          ? ''
          : `${count('attempt')} attempts between two tasks on each of ${pairs} nodes got no answer over ${gatewayBridgeName}, while the nodes themselves were answered; ${count('far') === 0 ? 'no two nodes have different addresses there, so none could be tried across hosts' : `nor did ${count('far')} across hosts`}`,
    })
  },
})
