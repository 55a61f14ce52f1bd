import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { plantRules } from '../../lib/host/firewall-rules.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { type Injected, inject, injectionRows, requireControl, type Target } from '../scene/injection.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { moby } from '../source.ts'
import { enforcement } from './enforcement.ts'
import { injectionProblems } from './injection-problems.ts'
import { secretNodes } from './ledger-nodes.ts'
import { sh } from '../../lib/script.ts'

export const injectionDropped = conformanceTest({
  id: 'ENC-05',
  requirement:
    'Clear VXLAN carrying an encrypted VNI is dropped on arrival, also behind an admin ACCEPT rule (CVE-2023-28840).',
  source: [moby('advisory CVE-2023-28840'), moby('libnetwork/drivers/overlay/encryption.go, programInput')],
  safety: 'lab',
  needs: ['two-nodes', 'encrypted-overlay', 'outsider'],
  knownIssues: [
    {
      issue: 'CVE-2023-28840',
      engines: [{ until: '20.10.24' }, { since: '23.0', until: '23.0.3' }],
      what: 'the drop rule is appended behind what an administrator accepts',
    },
  ],
  method:
    'A host outside the swarm sends frames in VXLAN, not encrypted, to every member: with the VNI of the encrypted network to a task of it, with the clear network’s to one of that. The latter must arrive on the task’s interface (control), the former must not, and the drop rule must count them. Then each member gets a firewall rule at the top of INPUT that accepts the data-path port, an encrypted network is made and a task of it started on each: the engine must put its drop rule before, and what is injected must not arrive. What is accepted in front of the engine’s rules afterwards the engine cannot help; it is shown, not judged.',
  usualCauses: [
    'engines before 20.10.24 and 23.0.3 append their drop rule, so a rule that accepts the data-path port wins',
    'a firewall was reloaded after the engine had started: its rules are gone or behind the firewall’s own',
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) cannot be loaded, so the rule was never made',
  ],
  remedy: [
    'iptables -S INPUT: the rule with --pol none … -j DROP must come before every rule that accepts the port',
    'let the data-path port in from the other nodes’ addresses only',
    'restart the engine after the firewall: it makes its rules anew, at the top',
  ],
  async run(context) {
    const { stack, evidence } = context
    const nodes = secretNodes(stack)
    const before = await context.state({ fresh: true })
    const secret = oneTaskPerNode(context, 'secret')
    const clear = oneTaskPerNode(context, 'clear')
    const first = await inject(context, [...secret, ...clear], before)
    const [judged, control] = [first.slice(0, secret.length), first.slice(secret.length)]
    const after = await context.state({ fresh: true })
    const counted = nodes.map((node) => ({
      node: node.host.name,
      dropped: dropped(context, after, node.host.name) - dropped(context, before, node.host.name),
    }))
    const behind = await behindAdminRule(context)

    evidence.observe('injected, standing network', injectionRows(first))
    evidence.observe('counted by the drop rules meanwhile', counted)
    evidence.observe('injected behind an admin’s ACCEPT rule, network made later', injectionRows(behind.made))
    evidence.observe(
      'not judged: ACCEPT put in front of the engine’s rules later',
      injectionRows(behind.standing),
    )
    evidence.packets('injected, as it came in', judged.flatMap(({ cameIn }) => cameIn).slice(0, 20))
    evidence.packets(
      'control, as it reached the tasks',
      control.flatMap(({ arrived }) => arrived).slice(0, 20),
    )
    requireNone('unencrypted VXLAN of an encrypted network reaches no task', [
      ...injectionProblems(judged, ''),
      ...injectionProblems(behind.made, ', behind an ACCEPT rule that was there before the network'),
    ])
    requireControl(control, [...judged, ...behind.made])
    const uncounted = counted.filter(({ dropped: count }) => count < (judged[0]?.sent ?? 0))
    requireNone(
      'the engine’s drop rule counts what was injected',
      uncounted.map(
        ({ node, dropped: count }) =>
          `${node}: ${judged[0]?.sent} frames were sent, the rule counted ${count}`,
      ),
    )
    const frames = (list: readonly Injected[]): number => list.reduce((sum, { sent }) => sum + sent, 0)
    evidence.conclude(
      `none of ${frames(judged)} injected frames reached a task, nor of ${frames(behind.made)} behind an ACCEPT rule; ${frames(control)} with the clear network’s VNI did; the drop rules counted ${counted.map(({ dropped: count }) => count).join(', ')}`,
    )
  },
})

function oneTaskPerNode({ stack }: TestContext, role: 'secret' | 'clear'): Target[] {
  const tasks = tasksOn(stack, role)
  return secretNodes(stack).flatMap((node) => {
    const task = tasks.find((candidate) => candidate.node === node)
    return task === undefined ? [] : [{ network: stack.networks[role], task }]
  })
}

function dropped(
  { cluster, stack }: TestContext,
  states: ReadonlyMap<string, HostState>,
  host: string,
): number {
  const node = cluster.nodes.find((candidate) => candidate.host.name === host)
  if (node === undefined) return 0
  const { firewall } = rootOf(stateOf(states, node), 'iptables-save')
  const expected = { vni: stack.networks.secret.vni, dataPathPort: cluster.dataPathPort }
  return enforcement(firewall, expected).dropping?.packets ?? 0
}

/** Injects into a network made while an ACCEPT rule stands first, and into the standing one, which it now shadows. */
async function behindAdminRule(context: TestContext): Promise<{ made: Injected[]; standing: Injected[] }> {
  const { cluster, stack } = context
  const nodes = secretNodes(stack)
  const rule = { chain: 'INPUT', rule: sh`-p udp --dport ${cluster.dataPathPort} -j ACCEPT` }
  const removals = await Promise.all(nodes.map((node) => plantRules(node.host, [rule])))
  try {
    await using trial = context.trial('enc05')
    const network = await trial.network('net', ['--opt', 'encrypted'])
    const service = await trial.service('svc', [
      ...['--network', network.name],
      ...['--mode', 'global', '--endpoint-mode', 'dnsrr'],
    ])
    const tasks = await trial.running([service], cluster.nodes.length)
    const states = await context.state({ fresh: true })
    const targets = nodes.flatMap((node) => {
      const task = tasks.find((candidate) => candidate.node === node)
      return task === undefined ? [] : [{ network, task }]
    })
    const standing = oneTaskPerNode(context, 'secret')
    const injected = await inject(context, [...targets, ...standing], states)
    return { made: injected.slice(0, targets.length), standing: injected.slice(targets.length) }
  } finally {
    await Promise.all(removals.map((remove) => remove()))
  }
}
