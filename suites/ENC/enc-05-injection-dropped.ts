import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { undoneTooEarly } from '../RES/undoing.ts'
import { framesPerTarget, inject, type Injected } from '../scene/recordings/injection.ts'
import {
  injectionControls,
  injectionProblems,
  injectionRows,
  type InjectionOutcome,
  outcomesOf,
} from '../scene/judging/injection-outcomes.ts'
import { type RulesSeen, rulesSeen } from '../scene/judging/kernel-seen.ts'
import { stage } from '../scene/experiments/stage.ts'
import { moby } from '../source.ts'
import { type Behind, behindAdminRule } from './behind-accept.ts'
import { enforcement, hostRules } from './enforcement.ts'
import { secretNodes } from './ledger-nodes.ts'
import { targetPerNode } from './targets.ts'
import { homesOf, tasksAt } from '../scene/sending/counted.ts'

export const injectionDropped = requirement({
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
    'iptables -S INPUT: the rule with --pol none … -j DROP must come before every rule that accepts the port; with the engine’s nftables backend nft list table ip docker-overlay',
    'let the data-path port in from the other nodes’ addresses only',
    'restart the engine after the firewall: it recreates its rules, at the top',
  ],
  codes: ['injected-frame-reached', 'injected-frame-reached-behind-accept', 'drop-rule-not-counting'],
  changes: ['service', 'network', 'host'],
  quiet: ['changes'],
  reads: [],
  probes: (lab) => 4 * framesPerTarget * homesOf(tasksAt(lab, 'secret')),
  async observe(lab): Promise<Seen> {
    const before = await lab.kernel({ fresh: true })
    const first = await inject(lab, [...targetPerNode(lab, 'secret'), ...targetPerNode(lab, 'clear')], before)
    const after = Object.fromEntries(await lab.rules())
    const counts = dropCounts(lab, Object.fromEntries(before), after)
    return { first, counts, behind: await behindAdminRule(lab) }
  },
  judge({ first, counts, behind: { made: later, undone } }, facts) {
    const { secret } = facts.networks
    const { outcomes, missing, unseen } = outcomesOf(first)
    const [judged, control] = parted(outcomes, secret.name)
    const behind = stage(later, 'injection behind an ACCEPT rule')
    const made = behind.got === undefined ? undefined : outcomesOf(behind.got.injected)
    const ofMade = (made?.outcomes ?? []).filter(({ network }) => network === behind.got?.network)
    const standing = (made?.outcomes ?? []).filter(({ network }) => network !== behind.got?.network)
    const notRemoved = Object.entries(undone).filter(([, one]) => one !== null)
    const counters = part(counts, 'counters of the drop rule')
    const sent = judged[0]?.sent ?? 0
    const counted = [...counters.got].map(([node, dropped]) => ({ node, dropped }))
    const frames = (list: readonly InjectionOutcome[]): number => list.reduce((sum, one) => sum + one.sent, 0)
    return judgement({
      problems: [
        ...injectionProblems(judged),
        ...injectionProblems(ofMade, 'injected-frame-reached-behind-accept'),
        ...counted
          .filter(({ dropped }) => dropped < sent)
          .map(({ node, dropped }): Problem => ({
            ...{ code: 'drop-rule-not-counting', kind: 'missed', node, network: secret.name },
            ...{ observed: dropped, expected: sent },
          })),
      ],
      controls: injectionControls(control, [...judged, ...ofMade]),
      missing: [...missing, ...behind.missing, ...counters.missing, ...(made?.missing ?? [])],
      unseen: [
        ...[...unseen, ...behind.unseen, ...counters.unseen, ...(made?.unseen ?? [])],
        ...notRemoved.flatMap(([node, one]) => undoneTooEarly(one, node)),
      ],
      tables: {
        'injected, standing network': injectionRows(outcomes),
        'counted by the drop rules meanwhile': counted,
        'injected behind an admin’s ACCEPT rule, network made later': injectionRows(ofMade),
        'not judged: ACCEPT put in front of the engine’s rules later': injectionRows(standing),
        ...(notRemoved.length === 0
          ? {}
          : {
              'the ACCEPT rule was not removed': notRemoved.map(([node, one]) => ({
                node,
                why: one?.message,
              })),
            }),
      },
      packets: {
        'injected, as it came in': judged.flatMap(({ cameIn }) => cameIn).slice(0, 20),
        'control, as it reached the tasks': control.flatMap(({ arrived }) => arrived).slice(0, 20),
      },
      conclusion:
        judged.length === 0
          ? ''
          : `none of ${frames(judged)} injected frames reached a task, nor of ${frames(ofMade)} behind an ACCEPT rule; ${frames(control)} with the clear network’s VNI did; the drop rules counted ${counted.map(({ dropped }) => dropped).join(', ')}`,
    })
  },
})

interface Seen {
  readonly first: Injected
  /** What the drop rule of each node counted meanwhile; 0 where there is none. */
  readonly counts: Readonly<Record<string, Part<number>>>
  readonly behind: Behind
}

function parted(
  outcomes: readonly InjectionOutcome[],
  secret: string,
): [InjectionOutcome[], InjectionOutcome[]] {
  return [
    outcomes.filter(({ network }) => network === secret),
    outcomes.filter(({ network }) => network !== secret),
  ]
}

function dropCounts({ stack, cluster }: ObserveContext, before: RulesSeen, after: RulesSeen): Seen['counts'] {
  const expected = { vni: stack.networks.secret.vni, dataPathPort: cluster.dataPathPort }
  const count = (seen: RulesSeen, node: string): Part<number> => {
    const root = rulesSeen(seen, node)
    const state = seen[node]
    if (!('got' in root) || state === undefined) return 'got' in root ? { threw: 'not read' } : root
    return { got: enforcement(hostRules(state), expected, node).dropping?.packets ?? 0 }
  }
  return Object.fromEntries(
    secretNodes(stack).map(({ host: { name } }) => {
      const [was, is] = [count(before, name), count(after, name)]
      return [name, 'got' in was && 'got' in is ? { got: is.got - was.got } : 'got' in was ? is : was]
    }),
  )
}
