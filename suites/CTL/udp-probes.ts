import type { ClusterFacts } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'

/**
 * What memberlist logs when a peer answers its probes over TCP and not over UDP: `Was able to connect to NAME-ID over TCP
 * but UDP probes failed, network may be misconfigured` (hashicorp/memberlist, state.go). Engines name peers by their
 * host name and the beginning of an id, or by an id alone (seen on 26.1), which they told with its address when it joined.
 */
const said = /connect to (\S+) over TCP but UDP probes failed/
const joined = /Node (\S+)\/([\d.]+), joined gossip cluster/

/** Words of the lines that are looked at. */
export const aboutUdpProbes = ['UDP probes failed']
export const aboutJoining = ['joined gossip cluster']

/** A busy host is late now and then. */
const leastOften = 3

/** Peers whose UDP was said to fail since a moment, and since they joined last, by the engine that said so. */
export function failedUdpProbes(
  logs: ReadonlyMap<string, readonly string[]>,
  { nodes }: Pick<ClusterFacts, 'nodes'>,
  since: string,
): Problem[] {
  const after = Date.parse(since)
  return [...logs].flatMap(([node, lines]) => {
    const joins = new Map(
      lines.flatMap((line) => {
        const [, id, address] = joined.exec(line) ?? []
        return id === undefined || address === undefined ? [] : [[id, { address, at: timeOf(line) }] as const]
      }),
    )
    const isOfNow = (line: string, peer: string): boolean =>
      timeOf(line) >= Math.max(after, joins.get(peer)?.at ?? after)
    const named = lines
      .flatMap((line) => {
        const [, peer] = said.exec(line) ?? []
        return peer !== undefined && isOfNow(line, peer) ? [peer] : []
      })
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
