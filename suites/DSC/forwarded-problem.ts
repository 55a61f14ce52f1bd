import { type PacketRef, refOf, seenFrames } from '../../lib/observation/frame.ts'
import type { Missing, Unseen } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { dockerDns } from '../../lib/probe/dns.ts'
import type { ForwardedSeen } from './forwarded-questions.ts'
import type { PlaceSeen } from './place.ts'

/** Where the question of one node's task was seen to go, and what is wrong with that. */
export interface Forwarded {
  readonly node: string
  readonly servers: readonly string[]
  readonly packets: readonly PacketRef[]
  readonly problem?: Problem
  readonly missing: readonly Missing[]
  readonly unseen: readonly Unseen[]
}

/** What was not recorded matters only where the question was seen nowhere. */
export function judgeForwarded(
  node: string,
  { task, resolver: { nameservers } }: PlaceSeen,
  { ways, wires }: ForwardedSeen,
): Forwarded {
  const own = Object.entries(wires).filter(([key]) => key === node || key.startsWith(`${node} `))
  const { got, missing, unseen } = part(Object.fromEntries(own), 'capture')
  const questions = seenFrames(got.values()).filter(
    ({ matched, udp, outer }) =>
      matched.includes(node) && udp?.to === 53 && outer !== undefined && outer.destination !== dockerDns,
  )
  const servers = [...new Set(questions.map(({ outer }) => outer?.destination ?? ''))]
  const seen = { node, servers, packets: questions.slice(0, 4).map(refOf), missing: [], unseen: [] }
  if (servers.some((server) => nameservers.includes(server))) return seen
  const where = { node, ends: { from: task, to: nameservers.join(', ') }, expected: nameservers.join(', ') }
  if (servers.length > 0)
    return {
      ...seen,
      problem: {
        ...{ ...where, code: 'question-forwarded-elsewhere', kind: 'seen' },
        observed: servers.join(', '),
      },
    }
  const way = part({ [node]: ways[node] ?? { got: { inside: null, outside: [] } } }, 'kernel state')
  const blind = {
    missing: [...missing, ...way.missing],
    unseen: [
      ...unseen,
      ...way.unseen,
      ...(way.got.get(node)?.inside === null
        ? [{ what: 'an interface of its task on docker_gwbridge', nodes: [node] }]
        : []),
    ],
  }
  return blind.missing.length + blind.unseen.length > 0
    ? { ...seen, ...blind }
    : { ...seen, problem: { ...where, code: 'question-not-forwarded', kind: 'missed' } }
}
