import { canEndAt } from './ends.ts'
import type { Traffic } from './firewall-drops.ts'
import type { LabView, Reported } from './lab-view.ts'
import { isOfMesh } from './own-mesh.ts'
import type { Draft } from './rule.ts'
import { gossipBlocked } from './rules/gossip-blocked.ts'
import { changedOnTheWay, checksumOffload } from './rules/inner-checksums.ts'
import { interfaceMtuSet } from './rules/interface-mtu-set.ts'
import { ipsecRefuses } from './rules/ipsec-refuses.ts'
import { meshRuleMissing } from './rules/mesh-rule-missing.ts'
import { namespaceFirewallDrops } from './rules/namespace-firewall-drops.ts'
import { securityAssociationMissing } from './rules/security-association-missing.ts'

/**
 * What was read to be wrong and accounts for problems by itself. Lists of attackers (CrowdSec, fail2ban) and the like count
 * something on every host that is reached from outside, and nobody reads what they match.
 */
export function provedOtherwise(lab: LabView): ((problem: Reported) => boolean)[] {
  const others = [
    ...[checksumOffload, changedOnTheWay, securityAssociationMissing, ipsecRefuses],
    ...[interfaceMtuSet, meshRuleMissing, gossipBlocked, namespaceFirewallDrops],
  ]
  return others.flatMap((rule) => rule.find(lab)).map(accounting)
}

/** Whether a draft accounts for a problem, as far as that can have ended where the draft counted. */
export const accounting =
  ({ explains, counted }: Draft) =>
  (problem: Reported): boolean =>
    explains?.(problem) === true && (counted === undefined || canEndAt(problem, counted))

/**
 * Tasks of every two nodes reach each other: the tunnel carries. Then some of its packets may be dropped where overlays
 * themselves are asked for sizes or rates, and nothing else is lost by it.
 */
export const isCarried = (traffic: Traffic, { requirement }: Reported, lab: LabView): boolean =>
  (traffic === 'data' || traffic === 'esp') && lab.holds('OVL-03') && !/^(OVL|MTU|VXL|ENC)-/.test(requirement)

/** Published ports fail now and then where the mesh asks tasks behind a pair of nodes between which packets are lost, or never leave. */
export const isBehindLoss = (problem: Reported, lab: LabView): boolean =>
  isOfMesh(problem) &&
  lab.everyProblem.some(({ code }) => code === 'data-lost-on-the-way' || code === 'data-never-left')
