import type { HostState, SecurityAssociation } from '../../lib/observe/host-state.ts'

/** A node of the encrypted network with its data-path address. */
export interface LedgerNode {
  readonly name: string
  readonly address: string
  readonly state: Pick<HostState, 'securityAssociations' | 'securityPolicies'>
}

/** reqid of the engine's states and mark of its policies. Moby, libnetwork/drivers/overlay/encryption.go. */
export const engineMark = 0xd0c4e3

/** An engine keeps three keys: it receives by all of them and sends by the first. */
const inboundPerPeer = 3

const expectedForm = { mode: 'transport', algorithm: 'rfc4106(gcm(aes))', icvBits: 64, replayWindow: 0 }

/** States of the engine, not of another IPsec user on the host. */
export function engineStates(node: LedgerNode): readonly SecurityAssociation[] {
  return node.state.securityAssociations.filter(({ requestId }) => requestId === engineMark)
}

export const outbound = (node: LedgerNode, peer: LedgerNode): SecurityAssociation[] =>
  engineStates(node).filter(
    ({ source, destination }) => source === node.address && destination === peer.address,
  )

export const inbound = (node: LedgerNode, peer: LedgerNode): SecurityAssociation[] =>
  engineStates(node).filter(
    ({ source, destination }) => source === peer.address && destination === node.address,
  )

/**
 * What is wrong with the security associations and policies of the nodes of an encrypted network, in words.
 * Assumes that no key rotation is under way: one takes milliseconds every twelve hours.
 * @param addresses data-path addresses of all nodes of the swarm; other networks may need states towards them
 */
export function ledgerProblems(
  nodes: readonly LedgerNode[],
  addresses: readonly string[],
  dataPathPort: number,
): string[] {
  return nodes.flatMap((node) => [
    ...nodes
      .filter((peer) => peer !== node)
      .flatMap((peer) => [...stateProblems(node, peer), ...policyProblems(node, peer, dataPathPort)])
      .map((problem) => `${node.name}: ${problem}`),
    ...formProblems(node),
    ...strangers(node, addresses),
  ])
}

function stateProblems(node: LedgerNode, peer: LedgerNode): string[] {
  const problems: string[] = []
  const [ins, outs] = [inbound(node, peer), outbound(node, peer)]
  if (ins.length !== inboundPerPeer)
    problems.push(`${ins.length} inbound states from ${peer.name}, expected ${inboundPerPeer}`)
  if (outs.length !== 1) problems.push(`${outs.length} outbound states to ${peer.name}, expected 1`)
  const known = new Set(inbound(peer, node).map(({ spi }) => spi))
  for (const { spi } of outs) {
    if (!known.has(spi))
      problems.push(`sends to ${peer.name} with SPI ${spi}, which ${peer.name} has no inbound state for`)
  }
  return problems
}

function policyProblems(node: LedgerNode, peer: LedgerNode, dataPathPort: number): string[] {
  const isHost = (selector: string, address: string): boolean =>
    selector === address || selector === `${address}/32`
  const policies = node.state.securityPolicies.filter(
    ({ direction, destination, mark }) =>
      direction === 'out' && isHost(destination, peer.address) && mark === engineMark,
  )
  const [policy] = policies
  if (policy === undefined || policies.length > 1)
    return [`${policies.length} outbound policies to ${peer.name}, expected 1`]
  const problems: string[] = []
  if (!isHost(policy.source, node.address))
    problems.push(
      `the outbound policy to ${peer.name} is for source ${policy.source}, expected ${node.address}`,
    )
  if (policy.destinationPort !== dataPathPort)
    problems.push(
      `the outbound policy to ${peer.name} is for port ${policy.destinationPort ?? 'any'}, expected ${dataPathPort}`,
    )
  if (policy.spi !== undefined && !outbound(node, peer).some(({ spi }) => spi === policy.spi))
    problems.push(`the outbound policy to ${peer.name} names SPI ${policy.spi}, for which there is no state`)
  return problems
}

function formProblems(node: LedgerNode): string[] {
  return engineStates(node).flatMap((state) =>
    Object.entries(expectedForm).flatMap(([key, expected]) => {
      const observed = state[key as keyof typeof expectedForm]
      if (observed === expected) return []
      return [`${node.name}: state ${state.spi} has ${key} ${observed}, expected ${expected}`]
    }),
  )
}

function strangers(node: LedgerNode, addresses: readonly string[]): string[] {
  return engineStates(node)
    .filter(({ source, destination }) => !addresses.includes(source) || !addresses.includes(destination))
    .map(
      ({ spi, source, destination }) =>
        `${node.name}: state ${spi} is for ${source} → ${destination}, which are not both data-path addresses of nodes`,
    )
}
