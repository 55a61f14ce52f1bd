import { groupTitles } from '../../lib/conformance/group-titles.ts'
import type { Suite } from '../../lib/conformance/suite.ts'
import { managementPortOpen } from './ctl-01-management-port.ts'
import { gossipTcp } from './ctl-02-gossip-tcp.ts'
import { gossipUdp } from './ctl-03-gossip-udp.ts'
import { vxlanArrives } from './ctl-04-vxlan-arrives.ts'
import { managementEncrypted } from './ctl-05-management-encrypted.ts'
import { gossipEncrypted } from './ctl-06-gossip-encrypted.ts'
import { espArrives } from './ctl-07-esp-arrives.ts'
import { customPort } from './ctl-08-custom-port.ts'
import { separateUnderlays } from './ctl-09-separate-underlays.ts'
import { nodesAgree } from './ctl-10-nodes-agree.ts'
import { joiningEncrypted } from './ctl-11-joining-encrypted.ts'
import { addressOptions } from './ctl-12-address-options.ts'
import { ambiguousAddress } from './ctl-13-ambiguous-address.ts'

export const controlPlane: Suite = {
  group: 'CTL',
  title: groupTitles.CTL,
  tests: [
    managementPortOpen,
    gossipTcp,
    gossipUdp,
    vxlanArrives,
    managementEncrypted,
    gossipEncrypted,
    espArrives,
    customPort,
    separateUnderlays,
    nodesAgree,
    joiningEncrypted,
    addressOptions,
    ambiguousAddress,
  ],
}
