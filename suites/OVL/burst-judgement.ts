import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Control, Measure } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Burst, Bursts, BurstWay } from '../scene/recordings/bursts.ts'

/**
 * What "idle" means of a node while it sent and received: its processors had a tenth of their time to spare, the machine
 * beneath took no more than a tenth, no datagram was sent a second or more behind its time, and its sockets had room.
 */
const idle = { spareShare: 0.1, stolenShare: 0.1, delayMs: 1000 }

/**
 * Loss counts where every node was idle: one that is starved loses datagrams itself. Where nothing was lost, it does not
 * matter whether they were.
 */
export function idleControl({ hosts }: Pick<Bursts, 'hosts'>): Control {
  const busy = Object.entries(hosts).filter(
    ([, { idleShare, stolenShare, longestDelayMs, overflows }]) =>
      idleShare < idle.spareShare ||
      stolenShare > idle.stolenShare ||
      longestDelayMs > idle.delayMs ||
      overflows > 0,
  )
  const figures = busy.map(
    ([name, { idleShare, stolenShare, longestDelayMs, overflows }]) =>
      `${name}: ${percent(idleShare)} idle, ${percent(stolenShare)} stolen, ${longestDelayMs} ms late, ${overflows} overflows`,
  )
  return {
    ...{ name: 'nodes-idle', held: busy.length === 0 },
    ...(busy.length === 0 ? {} : { observed: figures.join('; ') }),
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Bursts on overlays; what hosts send each other beneath is a figure to compare with. */
export function onOverlays({ bursts }: Pick<Bursts, 'bursts'>): Burst[] {
  return bursts.filter(({ way }) => way !== 'underlay')
}

/** Datagrams of tasks that did not arrive, by ordered pair and network. */
export function burstLossProblems(seen: Bursts, facts: ClusterFacts): Problem[] {
  return onOverlays(seen)
    .filter(({ sent, distinct }) => distinct < sent)
    .map((burst): Problem => ({
      ...{ code: 'datagrams-lost', kind: 'missed', ...whereOf(burst, facts) },
      ...{ expected: burst.sent, observed: burst.distinct },
    }))
}

/** Of those that arrived; a network may reorder a few of many where links are bundled. */
const overtakenShare = 0.01

/** Datagrams of tasks that arrived twice, or behind later ones. */
export function deliveryProblems(seen: Bursts, facts: ClusterFacts): Problem[] {
  return onOverlays(seen).flatMap((burst): Problem[] => {
    const { received, distinct, overtaken } = burst
    const where = { kind: 'seen', ...whereOf(burst, facts), expected: distinct } as const
    return [
      ...(received > distinct
        ? [{ ...where, code: 'datagrams-doubled' as const, observed: received - distinct }]
        : []),
      ...(overtaken > distinct * overtakenShare
        ? [{ ...where, code: 'datagrams-overtaken' as const, observed: overtaken }]
        : []),
    ]
  })
}

function whereOf({ way, from, to }: Burst, facts: ClusterFacts): Omit<Problem, 'code' | 'kind'> {
  const network = way === 'underlay' ? {} : { network: facts.networks[way].name }
  return { path: { from, to }, ...network, protocol: 'UDP' }
}

/** Figures of each way, the worst pair of it; of echoes where hosts answer none, none. */
export function burstMeasures({ bursts }: Pick<Bursts, 'bursts'>, facts: ClusterFacts): Measure[] {
  return (['clear', 'secret', 'underlay'] as const).flatMap((way) => {
    const own = bursts.filter((burst) => burst.way === way)
    if (own.every(({ received, answered }) => received + answered === 0)) return []
    const on = wayName(way, facts)
    const most = (figure: (burst: Burst) => number): number =>
      Math.round(Math.max(...own.map(figure)) * 1000) / 1000
    const share = (part: number, of: number): number => (of === 0 ? 0 : (100 * part) / of)
    const ofWay = (name: string, value: number, unit: string): Measure => ({
      name: `${name}, ${on}`,
      value,
      unit,
    })
    return [
      ofWay(
        'lost',
        most(({ sent, distinct }) => share(sent - distinct, sent)),
        '%',
      ),
      ofWay(
        'doubled',
        most(({ received, distinct }) => share(received - distinct, distinct)),
        '%',
      ),
      ofWay(
        'overtaken',
        most(({ overtaken, distinct }) => share(overtaken, distinct)),
        '%',
      ),
      ofWay(
        'round trip, median',
        most(({ roundTripMs }) => roundTripMs?.median ?? 0),
        'ms',
      ),
      ofWay(
        'round trip, 95 of 100',
        most(({ roundTripMs }) => roundTripMs?.ninetyFifth ?? 0),
        'ms',
      ),
    ]
  })
}

function wayName(way: BurstWay, facts: ClusterFacts): string {
  return way === 'underlay' ? 'from host to host' : facts.networks[way].name
}

/** A row for each ordered pair and way. */
export function burstTables({ bursts, hosts }: Bursts, facts: ClusterFacts): Record<string, unknown> {
  return {
    'datagrams of each burst': bursts.map(({ way, ...burst }) => ({ on: wayName(way, facts), ...burst })),
    'the nodes meanwhile': hosts,
  }
}
