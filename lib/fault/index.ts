/** Every defect that can be planted: one line each, or one for all of a file. */
export { addressHeldTwice } from './address-faults.ts'
export { addressOutsideSubnet } from './address-outside-subnet.ts'
export {
  controlTrafficWrongInterface,
  dataTrafficWrongInterface,
  vxlanOnUsualPort,
} from './wrong-interface-faults.ts'
export { balancedRoundRobin } from './balanced-round-robin.ts'
export {
  balancerEmptied,
  balancerTaskMissing,
  balancerWeightZero,
  connectionsByVipReset,
  ingressBalancerEmptied,
  ingressTaskMissing,
} from './balancing-faults.ts'
export { clearTextOnGossipPort } from './clear-text-on-gossip-port.ts'
export { clearTextOnManagementPort } from './clear-text-on-management-port.ts'
export { dataPathAddressRemoved } from './data-path-address-gone.ts'
export { endpointOffBridge, gatewayBridgeTooLarge } from './device-faults.ts'
export {
  changedPoolsAccepted,
  maskLengthMisstated,
  addressPoolsIgnored,
  secondIngressAccepted,
} from './docker-stand-in.ts'
export {
  acceptBeforeDropRule,
  clearNetworkEncrypted,
  dropRuleMissing,
  ingressMarkRuleMissing,
  markRuleMissing,
  outboundPolicyMissing,
  outboundStateMissing,
  packetsRepeated,
} from './encryption-faults.ts'
export {
  balancerAddressMissing,
  gatewayTaken,
  localDnatMissing,
  ownPortNotMasqueraded,
  sandboxInterfaceMtu,
} from './endpoint-faults.ts'
export { espDropped } from './esp-dropped.ts'
export { dropRulesIgnored } from './firewall-stand-in.ts'
export {
  forwardingEntryMissing,
  forwardingEntryStale,
  localTaskSentAway,
  neighbourEntryMissing,
  outerSourceRewritten,
  vniShared,
} from './forwarding-faults.ts'
export { forwardingSwitchedOff } from './forwarding-off.ts'
export { gatewayBridgesJoined } from './gateway-bridges-joined.ts'
export { gatewayInterfaceMtu } from './gateway-interface-mtu.ts'
export { gossipCutOff } from './gossip-cut-off.ts'
export { bridgeUnfiltered, hairpinDropped, hairpinNotTranslated } from './hairpin-faults.ts'
export { idleConnectionsForgotten } from './idle-connections-forgotten.ts'
export { ingressForwardMissing, ingressMarkMissing, unpublishedPortForwarded } from './ingress-faults.ts'
export { joinedNetworks } from './joined-networks.ts'
export { bridgeSettingsLost, wrongAdvertiseInterface } from './joining-faults.ts'
export {
  innerChecksumsBroken,
  packetsCorrupted,
  packetsDoubled,
  packetsLost,
  packetsOvertaken,
  sendingLimited,
} from './link-faults.ts'
export { espLost, gossipLost, vxlanLost } from './lost-between-nodes.ts'
export { managementPortBlocked } from './management-port-blocked.ts'
export { masqueradeGone } from './masquerade-gone.ts'
export {
  nameKnownToHost,
  searchListUnanswered,
  shortNameUnanswered,
  upstreamUnreachable,
} from './name-faults.ts'
export { neighboursJoined } from './neighbours-joined.ts'
export {
  constrainedTaskCutOff,
  largeOverlay,
  namespaceKept,
  secondNetworkSilent,
  vxlanNotSent,
} from './network-faults.ts'
export { forwardDropped, gossipDatagramsDropped, rulesFlushed } from './operator-firewall-faults.ts'
export { ambiguousInitAccepted, routerDropsVxlan, outsiderHasNetwork } from './outside-faults.ts'
export { overlappingRoutes } from './overlapping-routes.ts'
export {
  hostPortBlocked,
  hostPortRelayed,
  shortSyntaxForwardMissing,
  takenPortAccepted,
  udpForwardMissing,
} from './publishing-faults.ts'
export { arrivingVxlanDropped, neverRecovers, reloadHookDrops } from './recovery-faults.ts'
export { addressPoolsCovered, advertisesElsewhere, ingressDeviceTaken } from './rejoining-faults.ts'
export { requestsSpread } from './requests-spread.ts'
export {
  givenPortsBlocked,
  modeChangeIgnored,
  overlayGivenUnasked,
  publishingAccepted,
  subnetWithheld,
} from './reshaping-faults.ts'
export { resolverSilent } from './resolver-silent.ts'
export { largePacketsDropped, taskInterfaceMtu, underlayMtu, vxlanDeviceMtu } from './size-faults.ts'
export { senderFromBefore } from './sender-from-before.ts'
export { smallSubnetWidened } from './small-subnet-widened.ts'
export { staleNamespace } from './stale-namespace.ts'
export { balancerLearnsNothing, balancerNeverForgets } from './stubborn-balancer.ts'
export { bridgeWithoutGateway, hopOffTtl, vxlanDeviceOnHost } from './switch-faults.ts'
export { unpublishedTaskSilent } from './unpublished-task-silent.ts'
export { virtualIpSilent } from './virtual-ip-silent.ts'
