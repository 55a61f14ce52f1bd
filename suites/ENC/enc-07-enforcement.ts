import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import type { TestContext } from '../../lib/conformance/context.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import type { FirewallRule, HostState } from '../../lib/observe/host-state.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { acrossHosts, addressOn, inTask, orderedPairs } from '../scene/pair.ts'
import { moby } from '../source.ts'
import { type Enforcement, enforcement } from './enforcement.ts'
import { secretNodes } from './ledger-nodes.ts'

export const enforced = conformanceTest({
  id: 'ENC-07',
  requirement:
    'Marking and drop rules for the VNI exist, in effective position, and their counters move (CVE-2023-28841).',
  source: [moby('advisories CVE-2023-28840, CVE-2023-28841')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  method:
    'On every node of the encrypted network the firewall is read: a rule in mangle OUTPUT must mark VXLAN with the network’s VNI for encryption, and a rule in INPUT must drop it where it arrives unencrypted. The VNI is read out of the match (u32 or BPF program). No rule before them may let the same packets pass. Then tasks send across hosts, and the mark rule’s packet counter must rise by at least the packets sent. The drop rule’s counter is shown; on a sound network it stands still.',
  usualCauses: [
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) cannot be loaded, so the rules were never made',
    'a firewall was reloaded after the engine had started: its rules are gone or behind the firewall’s own',
    'engines before 20.10.24 and 23.0.3 append the drop rule behind what is there (CVE-2023-28840)',
    'rules went to the other of iptables-legacy and iptables-nft',
  ],
  remedy: [
    'iptables -t mangle -S OUTPUT; iptables -S INPUT: the engine’s rules must come first',
    'modprobe xt_bpf xt_u32; then restart the engine, which makes its rules anew',
    'update engines to 20.10.24, 23.0.3 or later',
  ],
  async run(context) {
    const { stack, evidence } = context
    const nodes = secretNodes(stack)
    const before = await context.state()
    const found = new Map(nodes.map((node) => [node, rulesOf(context, before, node)] as const))
    evidence.observe(
      'rules by node',
      nodes.map((node) => {
        const { marking, dropping } = found.get(node) ?? {}
        const { backend } = stateOf(before, node).firewallBackend
        return { node: node.host.name, marking: place(marking), dropping: place(dropping), backend }
      }),
    )
    requireNone(
      'marking and drop rules for the encrypted network stand where they take effect',
      nodes.flatMap((node) =>
        (found.get(node)?.problems ?? []).map((problem) => `${node.host.name}: ${problem}`),
      ),
    )
    const sent = await sendAcross(context)
    const after = await context.state({ fresh: true })
    const moves = nodes.map((node) => {
      const [was, is] = [found.get(node), rulesOf(context, after, node)]
      return {
        node: node.host.name,
        sent: sent.get(node) ?? 0,
        marked: (is.marking?.packets ?? 0) - (was?.marking?.packets ?? 0),
        dropped: (is.dropping?.packets ?? 0) - (was?.dropping?.packets ?? 0),
      }
    })
    evidence.observe('counters', moves)
    requireNone(
      'the mark rule sees the packets of the encrypted network',
      moves
        .filter((move) => move.marked < move.sent)
        .map((move) => `${move.node}: ${move.sent} packets were sent, the mark rule counted ${move.marked}`),
    )
    evidence.conclude(
      `${nodes.length} nodes have both rules in front; while tasks sent, the mark rules counted ${moves.map((move) => move.marked).join(', ')} packets`,
    )
  },
})

function place(rule: FirewallRule | undefined): string {
  if (rule === undefined) return 'none'
  return `${rule.table} ${rule.chain} rule ${rule.position}, ${rule.packets} packets so far`
}

function rulesOf(
  { cluster, stack }: TestContext,
  states: ReadonlyMap<string, HostState>,
  node: ClusterNode,
): Enforcement {
  const { firewall } = rootOf(stateOf(states, node), 'iptables-save')
  return enforcement(firewall, { vni: stack.networks.secret.vni, dataPathPort: cluster.dataPathPort })
}

/** Pings across hosts on the encrypted network, and returns how many left each node. Answers are not asked for. */
async function sendAcross({ stack, probe }: TestContext): Promise<ReadonlyMap<ClusterNode, number>> {
  const { secret } = stack.networks
  const pairs = orderedPairs(tasksOn(stack, 'secret')).filter(acrossHosts)
  await probe.send(
    pairs.map(([from, to]) => ({
      kind: 'icmp',
      from: inTask(from),
      to: addressOn(to, secret),
      packetBytes: 84,
    })),
  )
  const sent = new Map<ClusterNode, number>()
  for (const [from] of pairs) sent.set(from.node, (sent.get(from.node) ?? 0) + 1)
  return sent
}
