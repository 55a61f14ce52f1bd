import pLimit from 'p-limit'
import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { gatherMissing } from '../missing-tool.ts'
import { encodePlan, type AgentRequest, type AgentResult } from './agent-protocol.ts'
import { AgentSession } from './agent-session.ts'
import type { ProbeAttempt, Observation, Probe, ProbeOptions, ProbeRequest, Responder } from './probe.ts'

/** Agents that are started at a time, and that send at a time: of more the next begins when one has done. */
export const mostSenders = 25

/**
 * Probes by an agent: one remote call per host that has requests or responders. All listen before the first sends, and
 * until the last has.
 */
export function agentProbe(): Probe {
  return { send }
}

async function send(
  requests: readonly ProbeRequest[],
  options: ProbeOptions = {},
): Promise<readonly Observation[]> {
  const groups = groupByHost(requests, options)
  const responders = respondersByHost(options)
  const sessions: AgentSession[] = []
  const wave = pLimit(mostSenders)
  const waves = Math.ceil(groups.length / mostSenders)
  try {
    await allOrFirstError(
      groups.map(([host, mine], index) =>
        wave(async () => {
          const own = responders.get(host) ?? []
          const plan = encodePlan(mine, own, { concurrency: options.concurrency, waves })
          sessions[index] = await AgentSession.start(host, plan)
        }),
      ),
    )
    await allOrFirstError(sessions.map((session) => session.ready))
    await Promise.all(
      sessions.map((session) =>
        wave(async () => {
          session.go()
          await session.done
        }),
      ),
    )
    return collect(requests, groups, sessions)
  } finally {
    wave.clearQueue()
    await Promise.allSettled(sessions.map((session) => session[Symbol.asyncDispose]()))
  }
}

/** Waits for all, so that nothing is still being started when an error is thrown. */
async function allOrFirstError<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const settled = await Promise.allSettled(work)
  const failed = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  if (failed.length > 0) throw gatherMissing(failed)
  return settled.map((one) => (one as PromiseFulfilledResult<T>).value)
}

function respondersByHost({ responders = [] }: ProbeOptions): ReadonlyMap<Host, readonly Responder[]> {
  const groups = new Map<Host, Responder[]>()
  for (const responder of responders) {
    const own = groups.get(responder.at.host)
    if (own === undefined) groups.set(responder.at.host, [responder])
    else own.push(responder)
  }
  return groups
}

function groupByHost(
  requests: readonly ProbeRequest[],
  options: ProbeOptions,
): readonly (readonly [Host, readonly AgentRequest[]])[] {
  const groups = new Map<Host, AgentRequest[]>()
  for (const { at } of options.responders ?? []) groups.set(at.host, [])
  requests.forEach((request, id) => {
    const group = groups.get(request.from.host)
    if (group) group.push({ id, request })
    else groups.set(request.from.host, [{ id, request }])
  })
  return [...groups]
}

function collect(
  requests: readonly ProbeRequest[],
  groups: readonly (readonly [Host, readonly AgentRequest[]])[],
  sessions: readonly AgentSession[],
): readonly Observation[] {
  const observations = new Array<Observation>(requests.length)
  groups.forEach(([host, mine], index) => {
    const session = sessions[index]
    const results = groupById(session?.results ?? [])
    for (const { id, request } of mine) {
      const attempts = (results.get(id) ?? []).toSorted((a, b) => a.attempt - b.attempt)
      const expected = request.kind === 'tcp' ? Math.max(1, request.repeat ?? 1) : 1
      const first = attempts[0]
      if (first === undefined || attempts.length !== expected)
        throw lost(host, request, attempts.length, expected)
      observations[id] = observe(request, first, attempts, session?.startedMicroseconds ?? 0)
    }
  })
  return observations
}

function groupById(results: readonly AgentResult[]): ReadonlyMap<number, AgentResult[]> {
  const groups = new Map<number, AgentResult[]>()
  for (const result of results) {
    const own = groups.get(result.id)
    if (own === undefined) groups.set(result.id, [result])
    else own.push(result)
  }
  return groups
}

function observe(
  request: ProbeRequest,
  first: AgentResult,
  results: readonly AgentResult[],
  start: number,
): Observation {
  const telling = results.find(({ outcome }) => !isSuccess(outcome)) ?? first
  return {
    request,
    outcome: telling.outcome,
    ...(telling.errno === undefined ? {} : { errno: telling.errno }),
    elapsedMs: results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
    attempts: results.map((result) => attemptOf(result, start)),
    replies: results.map(({ reply }) => reply),
    replyBytes: results.map(({ replyBytes }) => replyBytes),
  }
}

function attemptOf(result: AgentResult, start: number): ProbeAttempt {
  return {
    outcome: result.outcome,
    ...(result.errno === undefined ? {} : { errno: result.errno }),
    startedMs: (result.startedMicroseconds - start) / 1000,
    elapsedMs: result.elapsedMs,
    ...(result.source === undefined ? {} : { source: result.source }),
  }
}

function isSuccess(outcome: ProbeAttempt['outcome']): boolean {
  return outcome === 'answered' || outcome === 'connected' || outcome === 'sent'
}

function lost(host: Host, request: ProbeRequest, got: number, expected: number): SwarmproofError {
  return new SwarmproofError({
    code: 'PROBE_RESULT_LOST',
    what: `the probe agent said it was done without every result of ${request.from.label} → ${request.to}`,
    host: host.name,
    expected: `${expected} results`,
    observed: `${got}`,
    hint: 'nothing is known about the network from this call; run it again',
  })
}
