import type { QueueingDiscipline } from '../../observe/queueing.ts'
import { shaping } from '../../observe/queueing.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { impairedOnPurpose } from '../impaired-on-purpose.ts'
import type { Rule } from '../rule.ts'

/** A queueing discipline on a node’s underlay interface drops, repeats, delays or limits what the node sends. */
export const queueingDisturbs: Rule = {
  code: 'queueing-disturbs',
  title: 'A queueing discipline on a node’s underlay interface disturbs what it sends',
  severity: ['cause'],
  meaning:
    'Traffic control shapes what leaves an interface: a test of bad networks (`netem`) that was not taken away, a rate limit (`tbf`, `htb`, `cake`) that is lower than what overlays need. It stands between the node and the wire, so firewalls and captures show nothing of it but packets that are not there.',
  proof: [
    '`tc -s qdisc` of the interface of the underlay has netem, which no system sets by itself, or a limit that dropped packets while requirements were verified',
    'Something was missed, repeated or late on the way from this node, or of an answer of it',
  ],
  silencedBy: [
    'The disciplines of that interface are those that the kernel sets itself',
    'A limit that dropped nothing meanwhile',
  ],
  remedy: [
    'Look: `tc -s qdisc show dev INTERFACE`',
    'Take it away: `tc qdisc del dev INTERFACE root`, and find what sets it',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/32195',
      says: 'Connections of a swarm failed now and then; the provider’s support found a limit of outgoing packets per node.',
    },
  ],
  find(lab) {
    return nodesRead(lab).flatMap((node) => {
      const found = disturbing(lab, node)
      if (found === undefined) return []
      const { discipline, dropped } = found
      const does = discipline.does?.length ? ` (${discipline.does.join(', ')})` : ''
      const counted = dropped === undefined || dropped === 0 ? '' : `, ${dropped} packets dropped meanwhile`
      const facts = lab.facts?.nodes.find(({ name }) => name === node)
      const onPurpose = impairedOnPurpose(lab.lab.topology, facts, discipline.device)
      const accounts = (problem: Reported): boolean => isDisturbed(problem, node)
      return [
        {
          title: `${discipline.kind}${does} on ${discipline.device} of ${node} disturbs what it sends${counted}`,
          cause: `Everything that ${node} sends to other nodes passes this queueing discipline: VXLAN, ESP, gossip. It stands behind the firewall and before the wire.`,
          remedy: [
            onPurpose === undefined || discipline.kind !== 'netem'
              ? `On ${node}: \`tc qdisc del dev ${discipline.device} root\`, and find what set it`
              : `The lab's file impairs the underlay on purpose (${onPurpose}): verify on a lab without, or look past what follows from it`,
            `See it: \`tc -s qdisc show dev ${discipline.device}\``,
          ],
          nodes: [node],
          pairs: pathsOf(lab.problems().filter(accounts)),
          proof: [
            `${node}: ${discipline.kind}${does} on ${discipline.device}: ${dropped ?? discipline.dropped} packets dropped ${dropped === undefined ? 'since it was made' : 'while requirements were verified'}`,
          ],
          explains: accounts,
        },
      ]
    })
  },
  gravity: 96,
}

function disturbing(
  lab: LabView,
  node: string,
): { readonly discipline: QueueingDiscipline; readonly dropped?: number } | undefined {
  const facts = lab.facts?.nodes.find(({ name }) => name === node)
  const interfaces = [facts?.dataPath.interface, facts?.advertise.interface]
  const [after] = statesOf(lab, node)
  const former = lab.kernelBefore?.[node]
  for (const discipline of after?.queueing ?? []) {
    if (!shaping.includes(discipline.kind) || !interfaces.includes(discipline.device)) continue
    const was = former?.queueing?.find(
      ({ device, kind }) => device === discipline.device && kind === discipline.kind,
    )
    const twice = former !== undefined && former !== after && former.bootId === after?.bootId
    const dropped = twice ? Math.max(0, discipline.dropped - (was?.dropped ?? 0)) : undefined
    if (discipline.kind === 'netem' || (dropped ?? 0) > 0)
      return { discipline, ...(dropped === undefined ? {} : { dropped }) }
  }
  return undefined
}

/** What it sent, or what it did not answer. */
function isDisturbed({ kind, path, node: at, code }: Reported, node: string): boolean {
  if (path === undefined) return at === node && code.startsWith('sequence')
  return (
    path.from !== path.to && [path.from, path.to].includes(node) && (kind === 'missed' || path.from === node)
  )
}
