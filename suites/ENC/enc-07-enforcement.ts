import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { placeOfRule, type PlacedRule } from '../../lib/observe/ruleset.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { type RulesSeen, rulesSeen } from '../scene/judging/kernel-seen.ts'
import { addressOn, inTask, triedTaskPairs } from '../scene/sending/pair.ts'
import { moby } from '../source.ts'
import { aboutVxlan, type Enforcement, enforcement, hostRules, type VxlanRules } from './enforcement.ts'
import { secretNodes } from './ledger-nodes.ts'
import { acrossNodes } from '../scene/sending/counted.ts'

export const enforced = requirement({
  id: 'ENC-07',
  requirement:
    'Marking and drop rules for the VNI exist, in effective position, and their counters move (CVE-2023-28841).',
  source: [moby('advisories CVE-2023-28840, CVE-2023-28841')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  method:
    'On every node of the encrypted network the firewall is read: by iptables and by nftables: a rule asked about what leaves must mark VXLAN with the network’s VNI for encryption, and a rule asked about what arrives must drop it where it came unencrypted, whatever their tables and chains are called. The VNI is read out of the match (u32, BPF program, or a set of nftables). No rule before them may let the same packets pass. Then tasks send across hosts, and the mark rule’s packet counter must rise by at least the packets sent. The drop rule’s counter is shown; on a sound network it stands still.',
  usualCauses: [
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) cannot be loaded, so the rules were never made',
    'a firewall was reloaded after the engine had started: its rules are gone or behind the firewall’s own',
    'engines before 20.10.24 and 23.0.3 append the drop rule behind what is there (CVE-2023-28840)',
    'rules went to the other of iptables-legacy and iptables-nft',
  ],
  remedy: [
    'iptables -t mangle -S OUTPUT; iptables -S INPUT; with the engine’s nftables backend nft list table ip docker-overlay: the engine’s rules must come first',
    'modprobe xt_bpf xt_u32; then restart the engine, which recreates its rules',
    'update engines to 20.10.24, 23.0.3 or later',
  ],
  codes: ['mark-rule-missing', 'drop-rule-missing', 'enforcement-shadowed', 'mark-rule-not-counting'],
  changes: [],
  quiet: [],
  reads: [],
  probes: (lab) => acrossNodes(lab, 'secret'),
  async observe(lab): Promise<Seen> {
    const before = Object.fromEntries(await lab.rules())
    const sent = await sendAcross(lab)
    const after = Object.fromEntries(await lab.rules())
    return {
      ...{ sent, rules: rulesOf(lab, before), rulesAfter: rulesOf(lab, after) },
      ...{ nftables: nftablesOf(lab, before), nftablesAfter: nftablesOf(lab, after) },
      backends: backendsOf(before),
    }
  },
  judge({ sent, rules, rulesAfter, nftables = {}, nftablesAfter = {}, backends }, facts) {
    const { secret } = facts.networks
    const expected = { vni: secret.vni, dataPathPort: facts.dataPathPort }
    const before = part(rules, 'firewall')
    const after = part(rulesAfter, 'firewall')
    const enforcing = (
      node: string,
      firewall: readonly FirewallRule[],
      chains: NonNullable<Seen['nftables']>,
    ): Enforcement => enforcement({ firewall, nftables: chains[node] ?? [] }, expected, node)
    const found = [...before.got].map(([node, firewall]) => ({
      node,
      ...enforcing(node, firewall, nftables),
    }))
    const moves = found.flatMap(({ node, marking, dropping }) => {
      const firewall = after.got.get(node)
      if (firewall === undefined) return []
      const now = enforcing(node, firewall, nftablesAfter)
      return [
        {
          ...{ node, sent: sent[node] ?? 0, marks: marking?.packets !== undefined },
          marked: (now.marking?.packets ?? 0) - (marking?.packets ?? 0),
          dropped: (now.dropping?.packets ?? 0) - (dropping?.packets ?? 0),
        },
      ]
    })
    return judgement({
      problems: [
        ...found.flatMap(({ problems }) => problems.map((problem) => ({ ...problem, network: secret.name }))),
        ...moves
          .filter(({ marks, marked, sent: count }) => marks && marked < count)
          .map(({ node, sent: count, marked }): Problem => ({
            ...{ code: 'mark-rule-not-counting', kind: 'missed', node, network: secret.name },
            ...{ observed: marked, expected: count },
          })),
      ],
      missing: [...before.missing, ...after.missing],
      unseen: [...before.unseen, ...after.unseen],
      tables: {
        'rules by node': found.map(({ node, marking, dropping }) => ({
          ...{ node, marking: place(marking), dropping: place(dropping), backend: backends[node] ?? '' },
        })),
        counters: moves.map(({ marks: _, ...counts }) => counts),
      },
      conclusion:
        found.length === 0
          ? ''
          : `${found.length} nodes have both rules in front; while tasks sent, the mark rules counted ${moves.map(({ marked }) => marked).join(', ')} packets`,
    })
  },
})

interface Seen {
  /** Packets that left each node. */
  readonly sent: Readonly<Record<string, number>>
  /** Before they were sent, and after. */
  readonly rules: Readonly<Record<string, Part<readonly FirewallRule[]>>>
  readonly rulesAfter: Readonly<Record<string, Part<readonly FirewallRule[]>>>
  /** Of the same times; not there in runs of engines that know iptables alone. */
  readonly nftables?: Readonly<Record<string, VxlanRules['nftables']>>
  readonly nftablesAfter?: Readonly<Record<string, VxlanRules['nftables']>>
  /** What `iptables` is on each node. */
  readonly backends: Readonly<Record<string, string>>
}

function place(rule: PlacedRule | undefined): string {
  if (rule === undefined) return 'none'
  const counted = rule.packets === undefined ? 'without a counter' : `${rule.packets} packets so far`
  return `${placeOfRule(rule)}, ${counted}`
}

function rulesOf({ stack }: ObserveContext, seen: RulesSeen): Seen['rules'] {
  return Object.fromEntries(
    secretNodes(stack).map(({ host: { name } }) => {
      const root = rulesSeen(seen, name)
      return [name, 'got' in root ? { got: aboutVxlan(root.got).firewall } : root]
    }),
  )
}

function nftablesOf({ stack }: ObserveContext, seen: RulesSeen): NonNullable<Seen['nftables']> {
  return Object.fromEntries(
    secretNodes(stack).flatMap(({ host: { name } }) => {
      const state = seen[name]
      return state === undefined ? [] : [[name, aboutVxlan(hostRules(state)).nftables]]
    }),
  )
}

function backendsOf(seen: RulesSeen): Seen['backends'] {
  return Object.fromEntries(
    Object.entries(seen).map(([node, state]) => [node, state.firewallBackend.backend]),
  )
}

/** Pings across hosts on the encrypted network, and returns how many left each node. Answers are not asked for. */
async function sendAcross(lab: ObserveContext): Promise<Seen['sent']> {
  const { stack, probe } = lab
  const { secret } = stack.networks
  const pairs = triedTaskPairs(lab, tasksOn(stack, 'secret'))
  await probe.send(
    pairs.map(([from, to]) => ({
      ...{ kind: 'icmp', from: inTask(from), to: addressOn(to, secret), packetBytes: 84 },
    })),
  )
  const sent: Record<string, number> = {}
  for (const [{ node }] of pairs) sent[node.host.name] = (sent[node.host.name] ?? 0) + 1
  return sent
}
