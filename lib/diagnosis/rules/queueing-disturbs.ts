import type { ProblemCode } from '../../observation/codes.ts'
import type { QueueingDiscipline } from '../../observe/queueing.ts'
import { shaping } from '../../observe/queueing.ts'
import { canEndAt } from '../ends.ts'
import { type LabView, pathsOf, type Reported } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { impairedOnPurpose } from '../impaired-on-purpose.ts'
import { missesPackets } from '../missed-packets.ts'
import type { Draft, Rule } from '../rule.ts'

/** A queueing discipline on a node’s underlay interface drops, repeats, delays or limits what the node sends. */
export const queueingDisturbs: Rule = {
  code: 'queueing-disturbs',
  title: 'A queueing discipline on a node’s underlay interface disturbs what it sends',
  severity: ['cause'],
  meaning:
    'Traffic control shapes what leaves an interface: a test of bad networks (`netem`) that was not taken away, a rate limit (`tbf`, `htb`, `cake`) that is lower than what overlays need. It stands between the node and the wire, so firewalls and captures show nothing of it but packets that are not there.',
  proof: [
    '`tc -s qdisc` of the interface of the underlay has netem, which no system sets by itself, or a limit',
    'Something was missed on the way from this node, or of an answer of it, and the discipline dropped as many packets at least while requirements were verified; netem counts those that it loses, too',
    'Something that netem does without dropping: doubled by `duplicate`, overtaken by `delay` or `reorder`, late by `delay` or `rate`, changed by `corrupt`',
  ],
  silencedBy: [
    'The disciplines of that interface are those that the kernel sets itself',
    'It dropped nothing meanwhile, or fewer packets than were missed of what the node sends',
    'What was missed is seen to have left this node, or to have ended on its way in',
    'It was read once only, and is not netem that loses or limits',
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
  find: (lab) => nodesRead(lab).flatMap((node) => draftsOf(lab, node)),
  gravity: 96,
}

interface Disturbing {
  readonly device: string
  readonly kind: string
  readonly does: readonly string[]
  /** Since they were made. */
  readonly dropped: number
  /** Undefined where it was not read twice within one boot. */
  readonly meanwhile?: number
}

function draftsOf(lab: LabView, node: string): Draft[] {
  const facts = lab.facts?.nodes.find(({ name }) => name === node)
  const found = disturbing(lab, node, [facts?.dataPath.interface, facts?.advertise.interface])
  if (found === undefined) return []
  const { device, kind, meanwhile } = found
  const isNetem = kind === 'netem'
  const does = found.does.length === 0 ? '' : ` (${found.does.join(', ')})`
  const onPurpose = impairedOnPurpose(lab.lab.topology, facts, device)
  const isLost = (problem: Reported): boolean =>
    missesPackets(problem) && canEndAt(problem, { at: node, way: 'leaving' })
  const disturbed = lab.problems().filter((problem) => isDisturbed(problem, node))
  const lost = disturbed.filter((problem) => isLost(problem) && !isChanged(found, problem))
  const accountsForLost = mayHaveDropped(found) >= lost.reduce((sum, one) => sum + packetsMissed(one), 0)
  const accounted = disturbed.filter(
    (problem) => isChanged(found, problem) || (accountsForLost && lost.includes(problem)),
  )
  return [
    {
      title: `${kind}${does} on ${device} of ${node} disturbs what it sends${(meanwhile ?? 0) === 0 ? '' : `, ${meanwhile} packets dropped meanwhile`}`,
      cause: `Everything that ${node} sends to other nodes passes this queueing discipline: VXLAN, ESP, gossip. It stands behind the firewall and before the wire.`,
      remedy: [
        onPurpose === undefined || !isNetem
          ? `On ${node}: \`tc qdisc del dev ${device} root\`, and find what set it`
          : `The lab's file impairs the underlay on purpose (${onPurpose}): verify on a lab without, or look past what follows from it`,
        `See it: \`tc -s qdisc show dev ${device}\``,
      ],
      nodes: [node],
      pairs: pathsOf(accounted),
      proof: [
        `${node}: ${kind}${does} on ${device}: ${meanwhile ?? found.dropped} packets dropped ${meanwhile === undefined ? 'since it was made' : 'while requirements were verified'}`,
      ],
      explains: (problem) => accounted.includes(problem),
    },
  ]
}

/** What each thing that netem does accounts for although nothing is dropped. */
const changes: Readonly<Record<string, readonly ProblemCode[]>> = {
  duplicate: ['datagrams-doubled', 'sequence-repeated'],
  reorder: ['datagrams-overtaken', 'sequence-not-rising'],
  delay: ['datagrams-overtaken', 'sequence-not-rising', 'transfer-not-whole'],
  rate: ['transfer-not-whole'],
  // Receivers drop what has a wrong checksum.
  corrupt: ['altered-on-the-way', 'datagrams-lost'],
}

/** A discipline that lets some through does not explain that none arrived. */
const isChanged = ({ does }: Disturbing, { code, observed }: Reported): boolean =>
  observed !== 0 && does.some((one) => changes[one]?.includes(code))

/** Packets at most that it dropped meanwhile; netem counts those that it loses on purpose, too. */
function mayHaveDropped({ does, dropped, meanwhile }: Disturbing): number {
  return meanwhile ?? (does.includes('loss') || does.includes('rate') ? dropped : 0)
}

/** Numbered datagrams are counted at both ends. */
function packetsMissed({ code, expected, observed }: Reported): number {
  return code === 'datagrams-lost' && typeof expected === 'number' && typeof observed === 'number'
    ? expected - observed
    : 1
}

function disturbing(
  lab: LabView,
  node: string,
  interfaces: readonly (string | undefined)[],
): Disturbing | undefined {
  const [before, after] = [lab.kernelBefore?.[node], lab.kernelAfter?.[node]]
  const former =
    before !== undefined && before.bootId === after?.bootId && before.queueing !== undefined
      ? summed(before.queueing)
      : undefined
  const [latest] = statesOf(lab, node)
  return summed(latest?.queueing ?? [])
    .filter(({ device, kind }) => interfaces.includes(device) && shaping.includes(kind))
    .map((one) => {
      const was = former?.find(({ device, kind }) => device === one.device && kind === one.kind)
      return former === undefined
        ? one
        : { ...one, meanwhile: Math.max(0, one.dropped - (was?.dropped ?? 0)) }
    })
    .find(({ kind, meanwhile = 0 }) => kind === 'netem' || meanwhile > 0)
}

/** An interface with several queues has a discipline of a kind for each, and what stood before which is not told. */
function summed(disciplines: readonly QueueingDiscipline[]): Disturbing[] {
  const groups = new Map<string, Disturbing>()
  for (const { device, kind, dropped, does = [] } of disciplines) {
    const key = `${device} ${kind}`
    const known = groups.get(key)
    groups.set(key, {
      ...{ device, kind, does: [...new Set([...(known?.does ?? []), ...does])] },
      dropped: dropped + (known?.dropped ?? 0),
    })
  }
  return [...groups.values()]
}

/** What it sent, or what it did not answer. */
function isDisturbed(problem: Reported, node: string): boolean {
  const { path, node: at, code } = problem
  if (path === undefined) return at === node && code.startsWith('sequence')
  return (
    path.from !== path.to &&
    [path.from, path.to].includes(node) &&
    (missesPackets(problem) || path.from === node)
  )
}
