import type { ProblemCode } from '../observation/codes.ts'
import { isToldByGossip } from './gossip.ts'
import type { Reported } from './lab-view.ts'

/** What an engine states, or a kernel holds, beyond what gossip told them: read there, and nothing was sent for it. */
const readCodes: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  ...(['balancer-missing', 'balancer-not-set-up', 'balancer-weight-zero'] as const),
  ...(['network-namespace-missing', 'bridge-missing', 'vxlan-device-missing', 'device-off-bridge'] as const),
  ...(['gateway-address-missing', 'interface-missing', 'gateway-interface-missing'] as const),
  ...(['network-interface-missing', 'address-missing', 'address-not-held', 'default-route-missing'] as const),
  ...(['module-missing', 'mark-rule-missing', 'drop-rule-missing'] as const),
  ...(['ingress-sandbox-missing', 'ingress-sandbox-not-on-bridge', 'ingress-interface-missing'] as const),
  ...(['ingress-sandbox-without-address', 'ingress-chain-not-reached', 'port-not-translated'] as const),
  ...(['port-not-marked', 'published-port-not-forwarded', 'own-traffic-not-masqueraded'] as const),
  ...(['network-missing', 'network-peer-missing', 'endpoint-not-listed', 'gateway-not-assigned'] as const),
  ...(['virtual-ip-missing', 'published-port-missing', 'task-not-attached'] as const),
])

/** Whether something was sent and is missing. What was read to be missing is so whatever becomes of packets. */
export const missesPackets = ({ kind, code }: Pick<Reported, 'kind' | 'code'>): boolean =>
  kind === 'missed' && !readCodes.has(code) && !isToldByGossip({ code })
