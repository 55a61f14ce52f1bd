import { balancerTaskMissing, balancerWeightZero, ingressTaskMissing } from './balancing-faults.ts'
import {
  acceptBeforeDropRule,
  clearNetworkEncrypted,
  dropRuleMissing,
  markRuleMissing,
  outboundPolicyMissing,
  outboundStateMissing,
  packetsRepeated,
} from './encryption-faults.ts'
import type { Fault } from './fault.ts'
import {
  forwardingEntryMissing,
  forwardingEntryStale,
  localTaskSentAway,
  neighbourEntryMissing,
  outerSourceRewritten,
  vniShared,
} from './forwarding-faults.ts'
import { ingressForwardMissing, ingressMarkMissing, unpublishedPortForwarded } from './ingress-faults.ts'
import { largePacketsDropped, taskInterfaceMtu, underlayMtu, vxlanDeviceMtu } from './size-faults.ts'

/** Every fault that can be planted. */
export const faults: readonly Fault[] = [
  forwardingEntryMissing,
  forwardingEntryStale,
  neighbourEntryMissing,
  localTaskSentAway,
  outerSourceRewritten,
  vniShared,
  outboundPolicyMissing,
  outboundStateMissing,
  markRuleMissing,
  dropRuleMissing,
  acceptBeforeDropRule,
  clearNetworkEncrypted,
  packetsRepeated,
  taskInterfaceMtu,
  vxlanDeviceMtu,
  underlayMtu,
  largePacketsDropped,
  balancerTaskMissing,
  balancerWeightZero,
  ingressTaskMissing,
  ingressForwardMissing,
  ingressMarkMissing,
  unpublishedPortForwarded,
]
