import { arrivingVxlanDropped } from './recovery-faults.ts'
import { balancerTaskMissing } from './balancing-faults.ts'
import { gatewayBridgeTooLarge } from './device-faults.ts'
import { espDropped } from './esp-dropped.ts'
import { vxlanLost } from './lost-between-nodes.ts'
import type { Fault } from './fault.ts'
import { neighbourEntryMissing, outerSourceRewritten } from './forwarding-faults.ts'
import { managementPortBlocked } from './management-port-blocked.ts'
import { markRuleMissing, outboundPolicyMissing } from './encryption-faults.ts'
import { vxlanNotSent } from './network-faults.ts'

/** Faults that operators could have at once, the graver of each two first: both must be named. */
export const faultPairs: readonly (readonly [Fault, Fault])[] = [
  // Rules that were lost, and a port that a firewall was never told of.
  [markRuleMissing, managementPortBlocked],
  // A firewall of a host that lets neither out nor in what it was never told of.
  [vxlanNotSent, espDropped],
  [vxlanLost, balancerTaskMissing],
  [outboundPolicyMissing, neighbourEntryMissing],
  [outerSourceRewritten, arrivingVxlanDropped],
  [espDropped, gatewayBridgeTooLarge],
]
