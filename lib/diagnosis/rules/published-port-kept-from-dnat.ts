import type { PlacedRule, Ruleset } from '../../observe/ruleset.ts'
import { type AskedRule, whoDecides } from '../../observe/who-decides.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import {
  countTold,
  deletion,
  describeDecider,
  isInEnginesChain,
  nodeRuleset,
  risen,
} from '../node-firewall.ts'
import { isMissedAtPort, isPortSilent, packetToPort } from '../port-packets.ts'
import type { Draft, Rule } from '../rule.ts'

/** A rule of a node lets what comes for a published port go on before DNAT, or takes it out of connection tracking. */
export const publishedPortKeptFromDnat: Rule = {
  code: 'published-port-kept-from-dnat',
  title: 'A rule of a node keeps what comes for a published port from DNAT, so that nothing leads it on',
  severity: ['cause'],
  meaning:
    'A published port is led on by DNAT, which is asked for new connections that are tracked. NOTRACK of the port, as busy web servers have it, leaves them untracked, and ACCEPT or RETURN in nat PREROUTING before the engine’s jump ends the table. The connection then comes to the node itself, where the engine only holds the port, and is refused or silent. Nothing is dropped, and no counter of a drop rises.',
  proof: [
    'Of all rules that such a connection meets in PREROUTING, one that the engine did not make untracks it, or ends nat, and matches all of it',
    'The engine’s DNAT of the port stands behind it',
    'It counted meanwhile, or has no counter, and the port was not answered at this node',
  ],
  silencedBy: [
    'Its counter did not move',
    'The port was answered at this node, or the engine has no rule for it: `mesh-rule-missing`',
  ],
  remedy: [
    'Find it: `iptables -t raw -nvL PREROUTING`, `iptables -t nat -nvL PREROUTING --line-numbers`, `nft list ruleset`',
    'Delete it, or leave published ports out of it: they cannot go untracked',
  ],
  reports: [],
  find(lab) {
    return lab.nodeNames.flatMap((node) => draftOf(node, lab))
  },
  gravity: 101,
}

interface Kept {
  readonly problem: Reported
  readonly by: PlacedRule
  readonly packets: number | undefined
}

function draftOf(node: string, lab: LabView): Draft[] {
  const kept = lab
    .problems()
    .filter((problem) => isMissedAtPort(problem, node))
    .flatMap((problem) => keptFromDnat(problem, node, lab))
  const first = kept.find(({ problem }) => isPortSilent(problem))
  if (first === undefined) return []
  const { by, packets, problem: asked } = first
  const explained = new Set(kept.map(({ problem }) => problem))
  const port = `${asked.port ?? ''}/${(asked.protocol ?? 'TCP').toLowerCase()}`
  const rules = new Map(kept.map((one) => [describeDecider(one.by), one.packets]))
  const counted = packets === undefined ? '' : `, ${packets} packets meanwhile`
  return [
    {
      title: `${node} does not lead port ${port} on: ${describeDecider(by)} ${by.untracks === true ? 'leaves it untracked' : 'ends nat before the engine’s rule'}${counted}`,
      cause: `${by.untracks === true ? 'DNAT is asked for tracked connections alone' : 'The engine’s DNAT of the port stands behind the rule and is not asked'}, so that what comes for the port goes to the node itself, where no task listens. Through other nodes the port answers, and everything is reported healthy.`,
      remedy: [
        `On ${node}: \`${deletion(by)}\`, or leave the port out of the rule, and keep that in whatever writes it`,
        'See which rule counts: `iptables-save -c | grep -E "PREROUTING.*(NOTRACK|CT|ACCEPT|RETURN)"`, `nft list ruleset`',
      ],
      nodes: [node],
      proof: [...rules].map(([rule, count]) => `${node}: ${rule}${countTold(count)}`),
      explains: (problem) => explained.has(problem),
    },
  ]
}

function keptFromDnat(problem: Reported, node: string, lab: LabView): Kept[] {
  const [latest] = statesOf(lab, node)
  const state = lab.decidingWithin(problem.requirement, node) ?? latest
  const before = lab.kernelBefore?.[node]
  if (state === undefined) return []
  const ruleset = nodeRuleset(state)
  const packet = packetToPort(problem, node, lab)
  const { asked, translation } = whoDecides(ruleset, 'prerouting', packet)
  const by = asked.find(leavesUntracked) ?? (translation === undefined ? asked.find(endsNat) : undefined)
  if (by === undefined) return []
  if (whoDecides(without(by.rule, ruleset), 'prerouting', packet).translation === undefined) return []
  const former = before === undefined || state === before ? undefined : nodeRuleset(before)
  const packets = risen(by.rule, former)
  return packets === 0 ? [] : [{ problem, by: by.rule, packets }]
}

/** What the others make of packets alone. */
const without = (rule: PlacedRule, ruleset: Ruleset): Ruleset =>
  ruleset.map((chain) => ({ ...chain, rules: chain.rules.filter((other) => other !== rule) }))

const isSurelyMet = ({ rule, applies, beyond, doubted }: AskedRule): boolean =>
  applies === 'all' && !beyond && !doubted && !isInEnginesChain(rule)

/** Where connection tracking is asked; what untracks later does nothing. */
const trackingPriority = -200

const leavesUntracked = (one: AskedRule): boolean =>
  one.rule.untracks === true && one.base.priority < trackingPriority && isSurelyMet(one)

/** Of its own chain alone: another that translates is asked all the same. */
const endsNat = (one: AskedRule): boolean =>
  one.base.translates &&
  (one.rule.verdict === 'accept' || (one.rule.verdict === 'return' && one.path.length === 1)) &&
  isSurelyMet(one)
