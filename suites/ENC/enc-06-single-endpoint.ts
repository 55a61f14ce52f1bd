import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { inject, injectionRows, requireControl } from '../scene/injection.ts'
import { rootOf, stateOf } from '../scene/kernel.ts'
import { moby } from '../source.ts'
import { enforcement } from './enforcement.ts'
import { injectionProblems } from './injection-problems.ts'

export const singleEndpoint = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const node = cluster.nodes.findLast((candidate) => candidate.role === 'worker') ?? cluster.manager
    const host = node.host.name
    await using trial = context.trial('enc06')
    const network = await trial.network('net', ['--opt', 'encrypted'])
    const service = await trial.service('svc', [
      ...['--network', network.name, '--replicas=1', '--endpoint-mode', 'dnsrr'],
      ...['--constraint', `node.id==${node.nodeId}`],
    ])
    const [task] = await trial.running([service], 1)
    const states = await context.state({ fresh: true })
    const neighbour = tasksOn(stack, 'clear').find((candidate) => candidate.node === node)
    if (task === undefined || neighbour === undefined) throw new Error(`${host} has not the tasks to try`)

    const { firewall } = rootOf(stateOf(states, node), 'iptables-save')
    const rules = enforcement(firewall, { vni: network.vni, dataPathPort: cluster.dataPathPort })
    const injected = await inject(
      context,
      [
        { network, task },
        { network: stack.networks.clear, task: neighbour },
      ],
      states,
    )
    evidence.observe('rules', {
      node: host,
      marking: rules.marking?.rule.slice(0, 60) ?? 'none',
      dropping: rules.dropping?.rule.slice(0, 60) ?? 'none',
    })
    evidence.observe('injected', injectionRows(injected))
    evidence.packets(
      'injected, as it came in',
      injected.flatMap(({ cameIn }) => cameIn),
    )
    const [judged, control] = [injected.slice(0, 1), injected.slice(1)]
    requireNone(`${network.name}, with one endpoint on ${host}, enforces encryption`, [
      ...rules.problems.map((problem) => `${host}: ${problem}`),
      ...injectionProblems(judged, ''),
    ])
    requireControl(control, judged)
    evidence.conclude(
      `with a single endpoint, on ${host}, both rules stand in front and none of ${judged[0]?.sent} injected frames reached the task; ${control[0]?.arrived.length} with the clear network’s VNI did`,
    )
  },
})
