/** What bounds of time are stated for. */
const usualNodes = 10

/**
 * A bound of time for what all nodes take part in, in ms: as stated up to ten nodes, of more in proportion to their
 * number. Nodes of a swarm ask one peer a second each, so that all have asked all after as many seconds as there are
 * nodes (hashicorp/memberlist, `probe`), and nodes of a lab share the processors of one machine.
 */
export function boundAmong(nodes: number, statedMs: number): number {
  return Math.round(statedMs * Math.max(1, nodes / usualNodes))
}
