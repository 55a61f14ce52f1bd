import type { Rule } from '../rule.ts'
import { arrivesUndelivered } from './arrives-undelivered.ts'
import { clearTextLeak } from './clear-text-leak.ts'
import { dataPathPortBlocked, espBlocked } from './data-path-blocked.ts'
import { engineDoesNotAnswer } from './engine-does-not-answer.ts'
import { forwardingOff } from './forwarding-off.ts'
import { hostFirewallDrops } from './host-firewall-drops.ts'
import { ipvsDiffersByNode } from './ipvs-differs-by-node.ts'
import { meshNotSetUp } from './mesh-not-set-up.ts'
import { kernelWithoutEsp4, kernelWithoutIpVs } from './missing-module.ts'
import { otherOuterSource } from './other-outer-source.ts'
import { stackIncomplete } from './stack-incomplete.ts'
import { staleForwarding } from './stale-forwarding.ts'
import { encryptionForWrongAddress } from './encryption-for-wrong-address.ts'
import { enginesWithOtherSpis } from './engines-with-other-spis.ts'
import { gossipUdpBlocked } from './gossip-udp-blocked.ts'
import { underlayMtuTooSmall } from './underlay-mtu-too-small.ts'
import { swarmMoved } from './swarm-moved.ts'

/** The gravest first: this is the order in which findings are read, and causes before what follows from them. */
export const rules: readonly Rule[] = [
  swarmMoved,
  engineDoesNotAnswer,
  stackIncomplete,
  kernelWithoutIpVs,
  kernelWithoutEsp4,
  forwardingOff,
  meshNotSetUp,
  otherOuterSource,
  encryptionForWrongAddress,
  clearTextLeak,
  hostFirewallDrops,
  dataPathPortBlocked,
  espBlocked,
  enginesWithOtherSpis,
  gossipUdpBlocked,
  arrivesUndelivered,
  staleForwarding,
  ipvsDiffersByNode,
  underlayMtuTooSmall,
]
