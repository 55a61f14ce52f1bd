import type { NetworkFacts } from '../observation/facts.ts'
import type { ProblemCode } from '../observation/codes.ts'
import { encryptionRules, type EncryptionRules } from '../observe/encryption-rules.ts'
import type { HostState } from '../observe/host-state.ts'
import { placeOfRule } from '../observe/ruleset.ts'
import type { LabView, Reported } from './lab-view.ts'
import { statesOf } from './meanwhile.ts'
import { nodeRuleset } from './node-firewall.ts'

/** Frames in clear that reached a task of an encrypted network, and the rule that should have dropped them. */
const codes: readonly ProblemCode[] = [
  ...(['injected-frame-reached', 'injected-frame-reached-behind-accept'] as const),
  ...(['drop-rule-not-counting', 'drop-rule-missing'] as const),
]

/** Whether a problem is about what a node does with clear text of an encrypted network that arrives there. */
export function isOfClearTextArriving(problem: Reported, lab: LabView): boolean {
  if (codes.includes(problem.code)) return true
  const { code, node, subject = '' } = problem
  const [state] = code !== 'enforcement-shadowed' || node === undefined ? [] : statesOf(lab, node)
  return (
    state !== undefined &&
    encryptedNetworks(lab).some((network) =>
      rulesFor(network, state, lab).dropping?.behind.some(({ top }) =>
        subject.startsWith(`${placeOfRule(top)} `),
      ),
    )
  )
}

export function encryptedNetworks({ facts }: LabView): NetworkFacts[] {
  return Object.values(facts?.networks ?? {}).filter(({ encrypted }) => encrypted)
}

/** By which a node enforces that a network is encrypted. */
export function rulesFor(
  { vni }: Pick<NetworkFacts, 'vni'>,
  state: HostState,
  lab: LabView,
  arrivals: Parameters<typeof encryptionRules>[2] = {},
): EncryptionRules {
  const { dataPathPort } = lab.lab.topology.swarm
  return encryptionRules(nodeRuleset(state), { vni, dataPathPort }, arrivals)
}
