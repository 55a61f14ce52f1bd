import type { ConformanceTest } from '../../lib/conformance/test.ts'
import { nodesAgree } from '../CTL/ctl-10-nodes-agree.ts'
import { oneVip } from '../DSC/dsc-01-one-vip.ts'
import { tasksName } from '../DSC/dsc-02-tasks-name.ts'
import { ledger } from '../ENC/enc-03-ledger.ts'
import { everyNode } from '../ING/ing-01-every-node.ts'
import { roundRobin } from '../LB/lb-01-round-robin.ts'
import { balancers } from '../LB/lb-02-balancers.ts'
import { fullMesh } from '../OVL/ovl-03-full-mesh.ts'
import { forwarding } from '../VXL/vxl-06-forwarding.ts'

/** What a swarm that has recovered does again: state that is quick to look at first, traffic after it. */
export const everythingAgain: readonly ConformanceTest[] = [
  nodesAgree,
  forwarding,
  balancers,
  tasksName,
  oneVip,
  fullMesh,
  roundRobin,
  everyNode,
]

/** And the same with encryption. */
export const everythingEncryptedAgain: readonly ConformanceTest[] = [ledger, ...everythingAgain]
