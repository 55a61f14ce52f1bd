import { type ClusterFacts, taskName, taskOf } from '../../../lib/observation/facts.ts'
import { type FramesBetween, howFar, type Reached } from '../../../lib/observation/how-far.ts'
import { outcomeSeen, type ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import type { Exchanged } from '../recordings/exchange.ts'

/** What nodes recorded of an exchange on the underlay. */
export interface FollowedBy {
  /** Names of the nodes whose recording is whole. */
  readonly nodes: ReadonlySet<string>
  readonly frames: FramesBetween
}

/**
 * What is wrong with a probe of the exchange, with its pair, network and protocol, and how far it came where that was
 * recorded; undefined if it was delivered.
 */
export function exchangeProblem(
  exchanged: Exchanged,
  facts: ClusterFacts,
  followed?: FollowedBy,
): Problem | undefined {
  const { from, to, network, protocol, probe } = exchanged
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  const problem = undelivered(probe, receiver.hostname, {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    network: facts.networks[network].name,
    protocol: protocol.toUpperCase(),
  })
  const reached = followed === undefined ? undefined : reachedBy(exchanged, facts, followed)
  return problem?.kind !== 'missed' || reached === undefined ? problem : { ...problem, reached }
}

/** Undefined within one host, inside ESP, and where a recording is not whole. */
function reachedBy(
  { from, to, network, probe }: Exchanged,
  facts: ClusterFacts,
  { nodes, frames }: FollowedBy,
): Reached | undefined {
  const { encrypted, vni, name } = facts.networks[network]
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  const source = sender.endpoints[name]?.address
  const isFollowed = nodes.has(sender.node) && nodes.has(receiver.node) && sender.node !== receiver.node
  if (encrypted || source === undefined || !isFollowed) return undefined
  const { kind, port } = probe
  const ends = { source, destination: probe.to, from: sender.node, to: receiver.node }
  return howFar({ kind, ...(port === undefined ? {} : { port }), vni, ...ends }, frames)
}

/** Why a probe did not reach the very task it was sent to, with where that is; undefined if it did. */
export function undelivered(
  probe: ProbeSeen,
  hostname: string,
  where: Omit<Problem, 'code' | 'kind'>,
): Problem | undefined {
  if (probe.outcome !== 'answered')
    return { ...where, code: 'not-delivered', kind: 'missed', observed: outcomeSeen(probe) }
  if (probe.echoed === false) return { ...where, code: 'altered-on-the-way', kind: 'seen' }
  const [answered = 'no HTTP'] = probe.replies
  return probe.kind === 'tcp' && answered !== hostname
    ? { ...where, code: 'answered-by-another', kind: 'seen', expected: hostname, observed: answered }
    : undefined
}
