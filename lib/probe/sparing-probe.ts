import type { Observation, Probe, ProbeAttempt, ProbeOptions, ProbeRequest } from './probe.ts'

/** What is known of one way: from a node over a network to a node. */
interface Known {
  answered: number
  silent: number
}

/** For whom is silent although everybody else answers: so long at most. */
const spareMs = 2_000
/** So many times as long as an answer took on average, where that is less; the shortest of all waits is for direct ways. */
const answersSpared = 10
const leastMs = { direct: 600, balanced: 1_100 }
/** So many answers tell how long one takes. */
const enoughAnswers = 8
/** For the first echo requests of a way. The kernel answers them, however slow what else runs there is. */
const scoutMs = 1_500
/** Probes that got no answer, and none that did, before a way counts as silent; an echo request counts for two. */
const silentAfter = 2
/** From so many probes on a way on it is worth knowing first whether it is silent. */
const manyOnAWay = 3
const scoutsAWay = 2
const usualTimeoutMs = 5_000

/** The ways a request depends on, such as `worker1 swp-clear worker2`. */
export interface Ways {
  /** True where the request goes the one way that is named; false where a balancer chooses among these, or none of them. */
  readonly direct: boolean
  readonly ways: readonly string[]
}

/**
 * A probe that remembers which ways are silent and waits there no longer than it must: a broken network is reported as
 * fast as a whole one. A way that answered once is given its full time for good, and whatever was cut short on a way
 * that turns out to answer is asked again with all of its time. A datagram for which the request sets no time of its own
 * is sent once more, when all else is done, where it got no answer on a way that answers others.
 *
 * @param waysOf what is asked directly tells whether its way is silent; what is balanced is spared where one of its ways is
 */
export function sparingProbe(probe: Probe, waysOf: (request: ProbeRequest) => Ways): Probe {
  const ways = new Map<string, Known>()
  const answers = { direct: pace(), balanced: pace() }
  const isSilent = (key: string): boolean => {
    const known = ways.get(key)
    return known !== undefined && known.answered === 0 && known.silent >= silentAfter
  }
  const hasAnswered = (key: string): boolean => (ways.get(key)?.answered ?? 0) > 0
  const directWay = (request: ProbeRequest): string | undefined => {
    const { direct, ways: its } = waysOf(request)
    return direct ? its[0] : undefined
  }
  const capOf = (request: ProbeRequest): number => {
    const { direct, ways: its } = waysOf(request)
    if (![ownKey(request), ...its].some(isSilent)) return Infinity
    const kind = direct ? 'direct' : 'balanced'
    return Math.min(spareMs, Math.max(leastMs[kind], answersSpared * answers[kind].meanMs()))
  }
  const learn = ({ request, attempts }: Observation): void => {
    const way = directWay(request)
    const key = way ?? ownKey(request)
    // Servers may take their time, and downloads do; of direct ways it counts how long the kernel and our responders take.
    if (way === undefined || request.kind !== 'tcp')
      answers[way === undefined ? 'balanced' : 'direct'].add(attempts)
    const known = ways.get(key) ?? { answered: 0, silent: 0 }
    known.answered += attempts.filter(
      ({ outcome }) => outcome === 'answered' || outcome === 'connected',
    ).length
    const weight = request.kind === 'icmp' ? silentAfter : 1
    known.silent += weight * attempts.filter(({ outcome }) => outcome === 'timeout').length
    ways.set(key, known)
  }
  const send = async (asked: readonly Asked[], options: ProbeOptions | undefined): Promise<void> => {
    if (asked.length === 0) return
    const observations = await probe.send(
      asked.map(({ request, capMs }) => capped(request, capMs)),
      options,
    )
    asked.forEach((one, index) => {
      const observation = observations[index]
      // Whoever asked gets back what was asked for, with what came of it.
      if (observation !== undefined) one.observation = { ...observation, request: one.request }
    })
    for (const { observation } of asked) if (observation !== undefined) learn(observation)
  }
  /** The first echo requests of each way nobody knows yet, where many more are to follow. */
  const scoutsAmong = (asked: readonly Asked[]): Asked[] => {
    const perWay = new Map<string, Asked[]>()
    for (const one of asked) {
      const way = directWay(one.request)
      if (way === undefined || ways.has(way)) continue
      perWay.set(way, [...(perWay.get(way) ?? []), one])
    }
    const many = [...perWay.values()].filter((all) => all.length >= manyOnAWay)
    return many.flatMap((all) => all.filter(({ request }) => request.kind === 'icmp').slice(0, scoutsAWay))
  }
  const mayBeLost = ({ request, observation }: Asked): boolean => {
    const way = directWay(request)
    const isDatagram = request.kind === 'icmp' || (request.kind === 'udp' && request.expectReply)
    const isExpected = isDatagram && request.timeoutMs === undefined
    return isExpected && observation?.outcome === 'timeout' && way !== undefined && hasAnswered(way)
  }
  /** Alone, when all else is done: what loses a datagram now and then is measured by bursts, and is no way that is closed. */
  const askLostAgain = async (lost: readonly Asked[], options: ProbeOptions | undefined): Promise<void> => {
    const patience = Math.max(spareMs, answersSpared * answers.direct.meanMs())
    const second = lost.map(({ request }): Asked => ({ request, capMs: patience }))
    await send(second, options)
    second.forEach(({ observation }, index) => {
      const one = lost[index]
      if (one?.observation === undefined || observation === undefined) return
      const answered = observation.outcome !== 'timeout'
      one.observation = answered ? { ...observation, unanswered: 1 } : { ...one.observation, unanswered: 2 }
    })
  }
  return {
    async send(requests, options) {
      const all = requests.map((request): Asked => ({ request, capMs: Infinity }))
      const scouts = scoutsAmong(all)
      for (const one of scouts) one.capMs = scoutMs
      await send(scouts, options)
      const others = all.filter((one) => !scouts.includes(one))
      for (const one of others) one.capMs = capOf(one.request)
      await send(others, options)
      const again = all.filter((one) => {
        const { ways: its } = waysOf(one.request)
        return wasCutShort(one) && its.length > 0 && its.every(hasAnswered)
      })
      for (const one of again) one.capMs = Infinity
      await send(again, options)
      await askLostAgain(
        all.filter((one) => !again.includes(one) && mayBeLost(one)),
        options,
      )
      return all.flatMap(({ observation }) => observation ?? [])
    },
  }
}

/** How long answers take. */
function pace(): { add(attempts: readonly ProbeAttempt[]): void; meanMs(): number } {
  let count = 0
  let sumMs = 0
  return {
    add(attempts) {
      for (const { outcome, elapsedMs } of attempts) {
        if (outcome !== 'answered' && outcome !== 'connected') continue
        count += 1
        sumMs += elapsedMs
      }
    },
    meanMs: () => (count < enoughAnswers ? Infinity : sumMs / count),
  }
}

interface Asked {
  readonly request: ProbeRequest
  /** Longest it is waited for. */
  capMs: number
  observation?: Observation
}

function timeoutOf({ timeoutMs = usualTimeoutMs }: ProbeRequest): number {
  return timeoutMs
}

function capped(request: ProbeRequest, capMs: number): ProbeRequest {
  return capMs < timeoutOf(request) ? { ...request, timeoutMs: capMs } : request
}

function wasCutShort({ request, capMs, observation }: Asked): boolean {
  return (
    capMs < timeoutOf(request) && observation?.attempts.some(({ outcome }) => outcome === 'timeout') === true
  )
}

/** For what goes several ways or none that is known: by the very thing that is asked. */
function ownKey(request: ProbeRequest): string {
  const port = request.kind === 'icmp' ? '' : ` ${request.kind} ${request.port}`
  return `${request.from.host.name} ${request.to}${port}`
}
