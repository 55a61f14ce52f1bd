import type { Problem } from '../../lib/observation/problem.ts'
import type { HostState, SecurityAssociation } from '../../lib/observe/host-state.ts'
import { engineMark } from '../../lib/change/outbound-policies.ts'

/** A node of the encrypted network with its data-path address. */
export interface LedgerNode {
  readonly name: string
  readonly address: string
  readonly state: Pick<HostState, 'securityAssociations' | 'securityPolicies'>
}

/** An engine keeps three keys: it receives by all of them and sends by the first. */
const inboundPerPeer = 3

const expectedForm = { mode: 'transport', algorithm: 'rfc4106(gcm(aes))', icvBits: 64, replayWindow: 0 }

/** States of the engine, not of another IPsec user on the host. */
export function engineStates(node: LedgerNode): readonly SecurityAssociation[] {
  return node.state.securityAssociations.filter(({ requestId }) => requestId === engineMark)
}

export const outboundStates = (node: LedgerNode, peer: LedgerNode): SecurityAssociation[] =>
  engineStates(node).filter(
    ({ source, destination }) => source === node.address && destination === peer.address,
  )

export const inboundStates = (node: LedgerNode, peer: LedgerNode): SecurityAssociation[] =>
  engineStates(node).filter(
    ({ source, destination }) => source === peer.address && destination === node.address,
  )

/**
 * What is wrong with the security associations and policies of the nodes of an encrypted network.
 * Assumes that no key rotation is under way: one takes milliseconds every twelve hours.
 * @param addresses data-path addresses of all nodes of the swarm; other networks may need states towards them
 */
export function ledgerProblems(
  nodes: readonly LedgerNode[],
  addresses: readonly string[],
  dataPathPort: number,
): Problem[] {
  return nodes.flatMap((node) => [
    ...nodes
      .filter((peer) => peer !== node)
      .flatMap((peer) => [...stateProblems(node, peer), ...policyProblems(node, peer, dataPathPort)]),
    ...formProblems(node),
    ...strangers(node, addresses),
  ])
}

function stateProblems(node: LedgerNode, peer: LedgerNode): Problem[] {
  const [ins, outs] = [inboundStates(node, peer), outboundStates(node, peer)]
  const where = { kind: 'missed' as const, node: node.name, subject: peer.name }
  const known = new Set(inboundStates(peer, node).map(({ spi }) => spi))
  return [
    ...(ins.length === inboundPerPeer
      ? []
      : [
          {
            ...where,
            code: 'inbound-states-differ' as const,
            observed: ins.length,
            expected: inboundPerPeer,
          },
        ]),
    ...(outs.length === 1
      ? []
      : [{ ...where, code: 'outbound-states-differ' as const, observed: outs.length, expected: 1 }]),
    ...outs
      .filter(({ spi }) => !known.has(spi))
      .map(({ spi }): Problem => ({
        ...{ code: 'spi-unknown-to-peer', kind: 'seen', node: peer.name, subject: spi },
        path: { from: node.name, to: peer.name },
      })),
  ]
}

function policyProblems(node: LedgerNode, peer: LedgerNode, dataPathPort: number): Problem[] {
  const isHost = (selector: string, address: string): boolean =>
    selector === address || selector === `${address}/32`
  const policies = node.state.securityPolicies.filter(
    ({ direction, destination, mark }) =>
      direction === 'out' && isHost(destination, peer.address) && mark === engineMark,
  )
  const [policy] = policies
  const where = { kind: 'seen' as const, node: node.name, subject: peer.name }
  if (policy === undefined || policies.length > 1)
    return [{ ...where, code: 'policies-differ', kind: 'missed', observed: policies.length, expected: 1 }]
  const problems: Problem[] = []
  if (!isHost(policy.source, node.address))
    problems.push({
      ...where,
      code: 'policy-source-differs',
      observed: policy.source,
      expected: node.address,
    })
  if (policy.destinationPort !== dataPathPort)
    problems.push({
      ...{ ...where, code: 'policy-port-differs' },
      ...{ observed: policy.destinationPort ?? 'any', expected: dataPathPort },
    })
  if (policy.spi !== undefined && !outboundStates(node, peer).some(({ spi }) => spi === policy.spi))
    problems.push({ ...where, code: 'policy-without-state', observed: policy.spi })
  return problems
}

function formProblems(node: LedgerNode): Problem[] {
  return engineStates(node).flatMap((state) =>
    Object.entries(expectedForm).flatMap(([subject, expected]): Problem[] => {
      const observed = state[subject as keyof typeof expectedForm]
      if (observed === expected) return []
      return [
        {
          ...{ code: 'state-form-differs', kind: 'seen', node: node.name, address: state.spi },
          ...{ subject, observed, expected },
        },
      ]
    }),
  )
}

function strangers(node: LedgerNode, addresses: readonly string[]): Problem[] {
  return engineStates(node)
    .filter(({ source, destination }) => !addresses.includes(source) || !addresses.includes(destination))
    .map(({ spi, source, destination }): Problem => ({
      ...{ code: 'state-for-stranger', kind: 'seen', node: node.name },
      ...{ subject: spi, observed: `${source} → ${destination}` },
    }))
}
