import { addressHeldTwice } from './address-faults.ts'
import { addressOutsideSubnet } from './address-outside-subnet.ts'
import { controlTrafficAstray, dataTrafficAstray, vxlanOnUsualPort } from './astray-faults.ts'
import { balancedRoundRobin } from './balanced-round-robin.ts'
import { balancerTaskMissing, balancerWeightZero, ingressTaskMissing } from './balancing-faults.ts'
import { clearTextOnGossipPort } from './clear-text-on-gossip-port.ts'
import { clearTextOnManagementPort } from './clear-text-on-management-port.ts'
import { endpointOffBridge, gatewayBridgeTooLarge } from './device-faults.ts'
import {
  changedPoolsAccepted,
  maskLengthMisstated,
  poolsPassedOver,
  secondIngressAccepted,
} from './docker-stand-in.ts'
import {
  acceptBeforeDropRule,
  clearNetworkEncrypted,
  dropRuleMissing,
  ingressMarkRuleMissing,
  markRuleMissing,
  outboundPolicyMissing,
  outboundStateMissing,
  packetsRepeated,
} from './encryption-faults.ts'
import {
  balancerEndpointAstray,
  gatewayTaken,
  ownPortNotLed,
  ownPortNotMasqueraded,
  sandboxInterfaceMtu,
} from './endpoint-faults.ts'
import { espDropped } from './esp-dropped.ts'
import type { Fault } from './fault.ts'
import { dropRulesIgnored } from './firewall-stand-in.ts'
import {
  forwardingEntryMissing,
  forwardingEntryStale,
  localTaskSentAway,
  neighbourEntryMissing,
  outerSourceRewritten,
  vniShared,
} from './forwarding-faults.ts'
import { gatewayBridgesJoined } from './gateway-bridges-joined.ts'
import { gatewayInterfaceMtu } from './gateway-interface-mtu.ts'
import { gossipCutOff } from './gossip-cut-off.ts'
import { idleConnectionsForgotten } from './idle-connections-forgotten.ts'
import { ingressForwardMissing, ingressMarkMissing, unpublishedPortForwarded } from './ingress-faults.ts'
import { bridgeSettingsLost, interfaceMistaken } from './joining-faults.ts'
import { joinedNetworks } from './joined-networks.ts'
import { espLost, gossipLost, vxlanLost } from './lost-between-nodes.ts'
import { managementPortBlocked } from './management-port-blocked.ts'
import { masqueradeGone } from './masquerade-gone.ts'
import { nameKnownToHost, shortNameUnanswered, upstreamUnreachable } from './name-faults.ts'
import { neighboursJoined } from './neighbours-joined.ts'
import {
  constrainedTaskCutOff,
  largeOverlay,
  namespaceKept,
  secondNetworkSilent,
  vxlanNotSent,
} from './network-faults.ts'
import { ambiguousInitAccepted, routerDropsVxlan, strangerHasNetwork } from './outside-faults.ts'
import { overlappingRoutes } from './overlapping-routes.ts'
import {
  hostPortBlocked,
  hostPortRelayed,
  shortSyntaxForwardMissing,
  takenPortAccepted,
  udpForwardMissing,
} from './publishing-faults.ts'
import { arrivingVxlanDropped, neverRecovers, reloadHookDrops } from './recovery-faults.ts'
import {
  givenPortsBlocked,
  modeChangeIgnored,
  overlayGivenUnasked,
  publishingAccepted,
  subnetWithheld,
} from './reshaping-faults.ts'
import { requestsSpread } from './requests-spread.ts'
import { resolverSilent } from './resolver-silent.ts'
import { largePacketsDropped, taskInterfaceMtu, underlayMtu, vxlanDeviceMtu } from './size-faults.ts'
import { smallSubnetWidened } from './small-subnet-widened.ts'
import { staleNamespace } from './stale-namespace.ts'
import { balancerLearnsNothing, balancerNeverForgets } from './stubborn-balancer.ts'
import { bridgeWithoutGateway, hopOffTtl, vxlanDeviceOnHost } from './switch-faults.ts'
import { unpublishedTaskSilent } from './unpublished-task-silent.ts'
import { virtualIpSilent } from './virtual-ip-silent.ts'

/** Every defect that can be planted, each proof that requirements can fail. */
export const faults: readonly Fault[] = [
  managementPortBlocked,
  gossipLost,
  vxlanLost,
  espLost,
  clearTextOnManagementPort,
  clearTextOnGossipPort,
  staleNamespace,
  addressOutsideSubnet,
  addressHeldTwice,
  overlappingRoutes,
  joinedNetworks,
  secondNetworkSilent,
  constrainedTaskCutOff,
  vxlanNotSent,
  largeOverlay,
  namespaceKept,
  masqueradeGone,
  resolverSilent,
  shortNameUnanswered,
  nameKnownToHost,
  upstreamUnreachable,
  balancedRoundRobin,
  virtualIpSilent,
  gossipCutOff,
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
  neighboursJoined,
  neverRecovers,
  arrivingVxlanDropped,
  reloadHookDrops,
  udpForwardMissing,
  shortSyntaxForwardMissing,
  hostPortRelayed,
  hostPortBlocked,
  takenPortAccepted,
  endpointOffBridge,
  gatewayBridgeTooLarge,
  balancerNeverForgets,
  balancerLearnsNothing,
  idleConnectionsForgotten,
  espDropped,
  smallSubnetWidened,
  vxlanOnUsualPort,
  controlTrafficAstray,
  dataTrafficAstray,
  ingressMarkRuleMissing,
  dropRulesIgnored,
  gatewayInterfaceMtu,
  poolsPassedOver,
  changedPoolsAccepted,
  secondIngressAccepted,
  unpublishedTaskSilent,
  gatewayTaken,
  balancerEndpointAstray,
  sandboxInterfaceMtu,
  ownPortNotMasqueraded,
  ownPortNotLed,
  hopOffTtl,
  vxlanDeviceOnHost,
  bridgeWithoutGateway,
  givenPortsBlocked,
  modeChangeIgnored,
  overlayGivenUnasked,
  publishingAccepted,
  interfaceMistaken,
  bridgeSettingsLost,
  strangerHasNetwork,
  ambiguousInitAccepted,
  routerDropsVxlan,
  maskLengthMisstated,
  subnetWithheld,
  requestsSpread,
  gatewayBridgesJoined,
]
