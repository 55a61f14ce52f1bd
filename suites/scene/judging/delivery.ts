import { type ClusterFacts, taskName, taskOf } from '../../../lib/observation/facts.ts'
import { outcomeSeen, type ProbeSeen } from '../../../lib/observation/probe-seen.ts'
import type { Problem } from '../../../lib/observation/problem.ts'
import type { Exchanged } from '../recordings/exchange.ts'

/** What is wrong with a probe of the exchange, with its pair, network and protocol; undefined if it was delivered. */
export function exchangeProblem(
  { from, to, network, protocol, probe }: Exchanged,
  facts: ClusterFacts,
): Problem | undefined {
  const [sender, receiver] = [taskOf(facts, from), taskOf(facts, to)]
  return undelivered(probe, receiver.hostname, {
    path: { from: sender.node, to: receiver.node },
    ends: { from: taskName(sender), to: taskName(receiver) },
    network: facts.networks[network].name,
    protocol: protocol.toUpperCase(),
  })
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
