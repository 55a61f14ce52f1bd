import type { Observation, Probe, ProbeRequest } from './probe.ts'

/** What is known of one way: from a host to where an address leads. */
interface Known {
  answered: number
  silent: number
}

/** For whom is silent although everybody else answers: so long, and no longer. */
const spareMs = 2_000
/** Probes that got no answer, and none that did, before a way counts as silent. */
const silentAfter = 2

/**
 * A probe that remembers which ways are silent and waits there no longer than it must: a broken network is reported as
 * fast as a whole one. A way that answered once is given its full time for good. What it shortens would have been
 * missed, too: it was silent twice for as long as was asked for.
 *
 * @param wayOf names where an address leads, such as a network and a node, so that what is known of one task of a node
 *   holds for the others; the address itself where nothing is known of it
 */
export function sparingProbe(probe: Probe, wayOf: (address: string) => string | undefined): Probe {
  const ways = new Map<string, Known>()
  const keyOf = (request: ProbeRequest): string => {
    const way = wayOf(request.to)
    const port = way === undefined && request.kind !== 'icmp' ? ` ${request.kind} ${request.port}` : ''
    return `${request.from.host.name} ${way ?? request.to}${port}`
  }
  const spared = (request: ProbeRequest): ProbeRequest => {
    const known = ways.get(keyOf(request))
    if (known === undefined || known.answered > 0 || known.silent < silentAfter) return request
    return { ...request, timeoutMs: Math.min(request.timeoutMs ?? usualTimeoutMs, spareMs) }
  }
  const learn = ({ request, attempts }: Observation): void => {
    const key = keyOf(request)
    const known = ways.get(key) ?? { answered: 0, silent: 0 }
    known.answered += attempts.filter(
      ({ outcome }) => outcome === 'answered' || outcome === 'connected',
    ).length
    known.silent += attempts.filter(({ outcome }) => outcome === 'timeout').length
    ways.set(key, known)
  }
  /** The first echo requests of each way nobody knows yet, where many more are to follow; by their places. */
  const scoutsAmong = (requests: readonly ProbeRequest[]): ReadonlySet<number> => {
    const perWay = new Map<string, number[]>()
    requests.forEach((request, index) => {
      const key = keyOf(request)
      if (wayOf(request.to) !== undefined && !ways.has(key))
        perWay.set(key, [...(perWay.get(key) ?? []), index])
    })
    const many = [...perWay.values()].filter((places) => places.length >= manyOnAWay)
    return new Set(
      many.flatMap((places) =>
        places.filter((place) => requests[place]?.kind === 'icmp').slice(0, silentAfter),
      ),
    )
  }
  const sendAndLearn: Probe['send'] = async (requests, options) => {
    const observations = await probe.send(requests.map(spared), options)
    // Whoever asked gets back what was asked for, with what came of it.
    const own = observations.map((observation, index) => ({
      ...observation,
      request: requests[index] ?? observation.request,
    }))
    own.forEach(learn)
    return own
  }
  return {
    async send(requests, options) {
      const scouts = scoutsAmong(requests)
      if (scouts.size === 0) return sendAndLearn(requests, options)
      const parts = [true, false].map((first) =>
        requests.flatMap((_, place) => (scouts.has(place) === first ? [place] : [])),
      )
      const found = new Map<number, Observation>()
      for (const places of parts) {
        const observations = await sendAndLearn(
          places.flatMap((place) => requests[place] ?? []),
          options,
        )
        places.forEach((place, index) => {
          const observation = observations[index]
          if (observation !== undefined) found.set(place, observation)
        })
      }
      return requests.flatMap((_, place) => found.get(place) ?? [])
    },
  }
}

/** From so many probes on a way on it is worth knowing first whether it is silent. */
const manyOnAWay = 8

const usualTimeoutMs = 5_000
