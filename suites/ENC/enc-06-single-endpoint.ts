import { observePart } from '../../lib/conformance/missing.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { framesPerTarget, inject, type Injected } from '../scene/recordings/injection.ts'
import {
  injectionControls,
  injectionProblems,
  injectionRows,
  outcomesOf,
} from '../scene/judging/injection-outcomes.ts'
import { rootSeen } from '../scene/judging/kernel-seen.ts'
import { stage } from '../scene/experiments/stage.ts'
import { moby } from '../source.ts'
import { aboutVxlan, enforcement, hostRules, type VxlanRules } from './enforcement.ts'

export const singleEndpoint = requirement({
  id: 'ENC-06',
  requirement: 'A network with a single endpoint enforces encryption too (CVE-2023-28842).',
  source: [moby('advisory CVE-2023-28842')],
  safety: 'lab',
  needs: ['two-nodes', 'encrypted-overlay', 'outsider'],
  knownIssues: [
    {
      issue: 'CVE-2023-28842',
      engines: [{ until: '20.10.24' }, { since: '23.0', until: '23.0.3' }],
      what: 'encryption is enforced only once a second node has an endpoint of the network',
    },
  ],
  method:
    'An encrypted network gets one task in the whole swarm, without a virtual IP. Its node must have the rules that mark what leaves and drop what arrives unencrypted, in front. A host outside the swarm then sends frames in VXLAN with the network’s VNI to the node: none may reach the task. Control: frames with the clear network’s VNI reach a task on the same node in the same recording.',
  usualCauses: [
    'engines before 20.10.24 and 23.0.3 make the rules only when a second node takes part in the network',
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) cannot be loaded, so the rules were never made',
  ],
  remedy: [
    'update engines to 20.10.24, 23.0.3 or later',
    'run one task of the network on every node (docker service create --mode global …)',
    'let the data-path port in from the other nodes’ addresses only',
  ],
  codes: ['injected-frame-reached', 'mark-rule-missing', 'drop-rule-missing', 'enforcement-shadowed'],
  changes: ['service', 'network'],
  quiet: [],
  reads: [],
  probes: () => 2 * framesPerTarget,
  async observe(lab): Promise<Seen> {
    const { cluster, stack } = lab
    const node = cluster.nodes.findLast((candidate) => candidate.role === 'worker') ?? cluster.manager
    const host = node.host.name
    await using trial = lab.trial('enc06')
    const network = await trial.network('net', ['--opt', 'encrypted'])
    const service = await trial.service('svc', [
      ...['--network', network.name, '--replicas=1', '--endpoint-mode', 'dnsrr'],
      ...['--constraint', `node.id==${node.nodeId}`],
    ])
    const [task] = await trial.running([service], 1)
    const states = await lab.kernel({ fresh: true })
    const neighbour = tasksOn(stack, 'clear').find((candidate) => candidate.node === node)
    if (task === undefined) throw new Inconclusive(`${host} has no task to try`)
    const root = rootSeen(Object.fromEntries(states), host, 'firewall')
    const control = neighbour === undefined ? [] : [{ network: stack.networks.clear, task: neighbour }]
    const injected = await observePart(() => inject(lab, [{ network, task }, ...control], states))
    const state = states.get(host)
    const kept = state === undefined ? undefined : aboutVxlan(hostRules(state))
    return {
      ...{ node: host, network: network.name, vni: network.vni, injected },
      rules: 'got' in root ? { got: kept?.firewall ?? [] } : root,
      nftables: kept?.nftables ?? [],
    }
  },
  judge({ node, network, vni, rules: seen, nftables = [], injected }, facts) {
    const { got, missing, unseen } = part({ [node]: seen }, 'firewall')
    const firewall = got.get(node)
    const rules =
      firewall === undefined
        ? undefined
        : enforcement({ firewall, nftables }, { vni, dataPathPort: facts.dataPathPort }, node)
    const trying = stage(injected, 'injection')
    const { outcomes, ...parts } =
      trying.got === undefined ? { ...trying, outcomes: [] } : outcomesOf(trying.got)
    const judged = outcomes.filter((one) => one.network === network)
    const control = outcomes.filter((one) => one.network !== network)
    return judgement({
      problems: [
        ...injectionProblems(judged),
        // The rules themselves rest on no frame.
        ...(rules?.problems ?? []).map((problem) => ({ ...problem, network, controls: [] })),
      ],
      controls: injectionControls(control, judged),
      missing: [...missing, ...parts.missing],
      unseen: [...unseen, ...parts.unseen],
      tables: {
        rules: {
          node,
          marking: rules?.marking?.text.slice(0, 60) ?? 'none',
          dropping: rules?.dropping?.text.slice(0, 60) ?? 'none',
        },
        injected: injectionRows(outcomes),
      },
      packets: { 'injected, as it came in': outcomes.flatMap(({ cameIn }) => cameIn) },
      conclusion:
        judged.length === 0
          ? ''
          : `with a single endpoint, on ${node}, both rules stand in front and none of ${judged[0]?.sent} injected frames reached the task; ${control[0]?.arrived.length} with the clear network’s VNI did`,
    })
  },
})

interface Seen {
  readonly node: string
  /** Of the encrypted network with one endpoint. */
  readonly network: string
  readonly vni: number
  readonly rules: Part<readonly FirewallRule[]>
  /** Not there in runs of engines that know iptables alone. */
  readonly nftables?: VxlanRules['nftables']
  readonly injected: Part<Injected>
}
