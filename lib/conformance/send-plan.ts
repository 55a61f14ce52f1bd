import { SwarmproofError } from '../error.ts'
import type { DnsSeen, HttpSeen, ProbeSeen } from '../observation/probe-seen.ts'
import { dnsAnswer } from '../probe/dns.ts'
import { httpBody, httpReply } from '../probe/http.ts'
import type { Observation, Probe, ProbeOptions, ProbeRequest } from '../probe/probe.ts'

/** A probe to be sent, with whatever describes it in the observation: plain JSON. */
export type Planned<T extends object> = T & { readonly request: ProbeRequest }

/** What was planned, and what came of it. */
export type Sent<T extends object> = Omit<T, 'request'> & { readonly probe: ProbeSeen }

/** Sends a plan; each entry comes back with its own observation. */
export async function sendPlan<T extends object>(
  probe: Probe,
  plan: readonly Planned<T>[],
  options?: ProbeOptions,
): Promise<Sent<T>[]> {
  const observations = await probe.send(
    plan.map(({ request }) => request),
    options,
  )
  return plan.map(({ request: _, ...entry }, index) => {
    const observation = observations[index]
    if (observation === undefined) throw new Error('a probe came back with fewer observations than requests')
    return { ...entry, probe: probeSeen(observation) }
  })
}

const longestReply = 200

/** An observation as JSON. */
export function probeSeen(observation: Observation): ProbeSeen {
  const { request, outcome, errno, elapsedMs, attempts, replies, replyBytes, unanswered } = observation
  const sent = request.kind === 'udp' ? Buffer.from(request.payload) : undefined
  return {
    ...{ kind: request.kind, from: request.from.label, fromNode: request.from.host.name, to: request.to },
    ...(request.kind === 'icmp' ? {} : { port: request.port }),
    ...{ outcome, elapsedMs, attempts: attempts.map((attempt) => ({ ...attempt })) },
    ...(errno === undefined ? {} : { errno }),
    ...(unanswered === undefined ? {} : { unanswered }),
    replies: replies.map((reply) => replyText(request, reply)),
    replyBytes: [...replyBytes],
    ...(sent === undefined || replies.length === 0 ? {} : { echoed: replies[0]?.equals(sent) ?? false }),
    ...dnsSeen(observation),
    ...httpSeen(observation),
  }
}

const dnsPort = 53

function dnsSeen(observation: Observation): { readonly dns?: DnsSeen } {
  const { request } = observation
  if (request.kind !== 'udp' || request.port !== dnsPort) return {}
  try {
    const answer = dnsAnswer(observation)
    return answer === undefined ? {} : { dns: { rcode: answer.rcode, addresses: answer.addresses } }
  } catch (error) {
    if (!(error instanceof SwarmproofError)) throw error
    return { dns: { rcode: 'unreadable', addresses: [] } }
  }
}

function httpSeen({ request, replies, replyBytes }: Observation): { readonly http?: (HttpSeen | null)[] } {
  if (request.kind !== 'tcp' || request.request === undefined) return {}
  const http = replies.map((reply, index) => {
    const read = httpReply(reply)
    if (read === undefined) return null
    return { status: read.status, bodyBytes: (replyBytes[index] ?? reply.length) - read.headerBytes }
  })
  return { http }
}

/** Of HTTP the body alone; of datagrams nothing, for `echoed` tells what matters of them. */
function replyText(request: ProbeRequest, reply: Buffer): string {
  if (request.kind !== 'tcp') return ''
  return (httpBody(reply) ?? reply.toString('latin1')).trim().slice(0, longestReply)
}
