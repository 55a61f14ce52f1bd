import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'

/**
 * What memberlist logs when a peer answers its probes over TCP and not over UDP: `Was able to connect to NAME-ID over TCP
 * but UDP probes failed, network may be misconfigured` (hashicorp/memberlist, state.go). Engines name peers by their
 * host name and the beginning of an id, or by an id alone (seen on 26.1), which they told with its address when it joined.
 */
const said = /connect to (\S+) over TCP but UDP probes failed/
const joined = /Node (\S+)\/([\d.]+), joined gossip cluster/
/** Of networkdb, and of memberlist (state.go): nobody probes the peer any more, and nobody complains. */
const givenUp = /Node (\S+)\/[\d.]+, left gossip cluster|Marking (\S+) as failed, suspect timeout reached/

/** Words of the lines that are looked at. */
export const aboutUdpProbes = ['UDP probes failed']
export const aboutJoining = ['joined gossip cluster']
export const aboutGivingUp = ['left gossip cluster', 'suspect timeout reached']

/** A busy host is late now and then. */
const leastOften = 3

/** memberlist asks one peer a second: so far back its complaints are looked for. */
const lookBackMs = 120_000
/** Within so long each peer was asked four times: who complained no later has it mended, or has given the peer up. */
const recentMs = (nodes: readonly unknown[]): number => 15_000 + 4_000 * nodes.length

/** Peers whose UDP was said to fail before a moment or later, by the engine that said so, and did not come back since. */
export function failedUdpProbes(
  logs: ReadonlyMap<string, readonly string[]>,
  { nodes }: Pick<ClusterFacts, 'nodes'>,
  began: string,
): Problem[] {
  const after = Date.parse(began) - lookBackMs
  const recent = Date.parse(began) - recentMs(nodes)
  return [...logs].flatMap(([node, lines]) => {
    const joins = new Map(
      lines.flatMap((line) => {
        const [, id, address] = joined.exec(line) ?? []
        return id === undefined || address === undefined ? [] : [[id, { address, at: timeOf(line) }] as const]
      }),
    )
    const sinceJoin = (expression: RegExp): { peer: string; at: number }[] =>
      lines.flatMap((line) => {
        const [, ...groups] = expression.exec(line) ?? []
        const peer = groups.find((group) => group !== undefined)
        const at = timeOf(line)
        return peer !== undefined && at >= Math.max(after, joins.get(peer)?.at ?? after) ? [{ peer, at }] : []
      })
    const gone = new Set(sinceJoin(givenUp).map(({ peer }) => peer))
    const complaints = sinceJoin(said)
    const named = complaints
      .map(({ peer }) => peer)
      .filter((peer) => gone.has(peer) || complaints.some((one) => one.peer === peer && one.at >= recent))
      .map(
        (peer) =>
          nodes.find(
            ({ nodeId, name, advertise }) =>
              peer.startsWith(nodeId) ||
              peer.startsWith(`${name}-`) ||
              joins.get(peer)?.address === advertise.address,
          )?.name ?? peer,
      )
    return [...new Set(named)]
      .filter((peer) => named.filter((one) => one === peer).length >= leastOften)
      .map((peer): Problem => ({
        ...{ code: 'udp-probes-failed', kind: 'seen', node, protocol: 'UDP', port: 7946, subject: peer },
        path: { from: node, to: peer },
        observed: named.filter((one) => one === peer).length,
      }))
  })
}

/** `time="2026-11-28T07:05:37.123456789Z" level=…`; lines without one are taken for old. */
function timeOf(line: string): number {
  const at = Date.parse(/time="([^"]+)"/.exec(line)?.[1] ?? '')
  return Number.isNaN(at) ? Number.NEGATIVE_INFINITY : at
}
