import type { AskedPacket } from '../observe/who-decides.ts'
import { nodesOf } from '../observation/problem.ts'
import type { FirewallDrop } from './firewall-drops.ts'
import { isToldByGossip } from './gossip.ts'
import type { LabView, Reported } from './lab-view.ts'
import { isOfMesh } from './own-mesh.ts'

/**
 * Whether what a node's firewall drops concerns a problem by the other node that it names: a rule for one peer loses nothing
 * of what the node exchanges with others. Published ports and what nodes were told of others depend on all of them.
 */
export function concernsPeers(
  drops: readonly Pick<FirewallDrop, 'certain' | 'of'>[],
  node: string,
  peerIs: 'source' | 'destination',
  lab: LabView,
): (problem: Reported) => boolean {
  const certain = drops.filter((one) => one.certain)
  const of = (certain.length > 0 ? certain : drops).flatMap((one) => one.of)
  const peers = peersOf(of, peerIs, lab)
  return (problem) => {
    if (peers === undefined || isOfMesh(problem) || isToldByGossip(problem)) return true
    // Engines name some peers by an id.
    const others = nodesOf(problem).filter((name) => name !== node && lab.nodeNames.includes(name))
    return others.length === 0 || others.some((name) => peers.has(name))
  }
}

/** Undefined where packets of unknown nodes were asked about. */
function peersOf(
  packets: readonly AskedPacket[],
  peerIs: 'source' | 'destination',
  { facts }: LabView,
): ReadonlySet<string> | undefined {
  const peers = packets.map((packet) => {
    const address = packet[peerIs]
    return facts?.nodes.find(
      ({ advertise, dataPath }) =>
        address !== undefined && (advertise.address === address || dataPath.address === address),
    )?.name
  })
  return peers.includes(undefined) ? undefined : new Set(peers.filter((name) => name !== undefined))
}
