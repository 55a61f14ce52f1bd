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
  return {
    async send(requests, options) {
      const sent = requests.map(spared)
      const observations = await probe.send(sent, options)
      // Whoever asked gets back what was asked for, with what came of it.
      const own = observations.map((observation, index) => ({
        ...observation,
        request: requests[index] ?? observation.request,
      }))
      own.forEach(learn)
      return own
    },
  }
}

const usualTimeoutMs = 5_000
