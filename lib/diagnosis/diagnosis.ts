import type { Finding, RunRecord } from '../conformance/run-record.ts'
import { RunPattern } from './rule.ts'
import type { Rule } from './rule.ts'
import { clearTextLeak } from './rules/clear-text-leak.ts'
import { dataPathPortBlocked } from './rules/data-path-port-blocked.ts'
import { encryptionForWrongAddress } from './rules/encryption-for-wrong-address.ts'
import { engineDoesNotAnswer } from './rules/engine-does-not-answer.ts'
import { enginesWithOtherSpis } from './rules/engines-with-other-spis.ts'
import { espBlocked } from './rules/esp-blocked.ts'
import { gossipUdpBlocked } from './rules/gossip-udp-blocked.ts'
import { ipvsDiffersByNode } from './rules/ipvs-differs-by-node.ts'
import { kernelWithoutEsp4 } from './rules/kernel-without-esp4.ts'
import { kernelWithoutIpVs } from './rules/kernel-without-ip-vs.ts'
import { staleForwarding } from './rules/stale-forwarding.ts'
import { underlayMtuTooSmall } from './rules/underlay-mtu-too-small.ts'

/** Most urgent first: this is the order in which findings are read. */
const rules: readonly Rule[] = [
  encryptionForWrongAddress,
  clearTextLeak,
  kernelWithoutIpVs,
  kernelWithoutEsp4,
  enginesWithOtherSpis,
  gossipUdpBlocked,
  dataPathPortBlocked,
  espBlocked,
  underlayMtuTooSmall,
  ipvsDiffersByNode,
  staleForwarding,
]

/** Pattern of failures → causes, known issues, what to do. Pure: the same record gives the same findings. */
export function diagnose(record: RunRecord): Finding[] {
  return record.labs.flatMap((lab) => {
    const run = new RunPattern(record, lab)
    const gone = engineDoesNotAnswer(run)
    // What a node without an engine lacks looks like every other cause; only a leak is one all the same.
    const applied = gone === undefined ? rules : [() => gone, clearTextLeak]
    return applied.flatMap((rule): Finding[] => {
      const found = rule(run)
      return found === undefined ? [] : [{ ...found, lab: lab.name }]
    })
  })
}
