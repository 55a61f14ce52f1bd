import { type ClusterFacts, taskOf, tasksIn } from '../../lib/observation/facts.ts'
import { type PacketRef, refOf, type SeenFrame } from '../../lib/observation/frame.ts'
import type { Exchanged } from '../scene/recordings/exchange.ts'

type Protocol = 'ICMP' | 'TCP' | 'UDP'

/** Packets of one protocol between tasks, as they arrived at one node from another. */
export interface ArrivedChecksums {
  /** Names of nodes. */
  readonly from: string
  readonly to: string
  readonly network: string
  readonly protocol: Protocol
  /** Those that were there whole, so that their checksums could be verified. */
  readonly verified: number
  /** Neither right nor unfinished, inside VXLAN. */
  readonly wrong: number
  readonly unfinished: number
  /** Wrong outside VXLAN: the header of IP, or a checksum of the outer datagram. */
  readonly outerWrong: number
  /** Echoes of this pair were answered on this network, and nothing of this protocol was. */
  readonly silentBesideEchoes: boolean
  readonly example: readonly PacketRef[]
}

/**
 * Of TCP, receiving kernels and cards join segments before a capture sees them, and leave the checksum of the whole to
 * nobody: what is longer than a packet of the usual size was joined.
 */
const longestBytes = 1500

/** Packets that arrived in VXLAN, by ordered pair of nodes, network and protocol. */
export function arrivedChecksums(
  frames: readonly SeenFrame[],
  exchanged: readonly Exchanged[],
  facts: ClusterFacts,
): ArrivedChecksums[] {
  const rows = new Map<string, ArrivedChecksums>()
  for (const frame of frames) {
    const from = senderOf(frame, facts)
    const protocol = protocolOf(frame)
    const { checksums, inner, seenOn: to } = frame
    if (from === undefined || protocol === undefined || checksums?.inner === undefined) continue
    if (from.node === to || (inner?.ip?.bytes ?? 0) > longestBytes) continue
    const key = `${from.node} ${to} ${from.network} ${protocol}`
    const row = rows.get(key) ?? {
      ...{ from: from.node, to, network: from.network, protocol },
      ...{ verified: 0, wrong: 0, unfinished: 0, outerWrong: 0, example: [] },
      silentBesideEchoes: isSilent(exchanged, facts, { from: from.node, to, role: from.role, protocol }),
    }
    const isBad = checksums.inner !== 'right' || checksums.outer === 'wrong'
    rows.set(key, {
      ...row,
      verified: row.verified + 1,
      wrong: row.wrong + Number(checksums.inner === 'wrong'),
      unfinished: row.unfinished + Number(checksums.inner === 'unfinished'),
      outerWrong: row.outerWrong + Number(checksums.outer === 'wrong'),
      example: row.example.length > 0 || !isBad ? row.example : [refOf(frame)],
    })
  }
  return [...rows.values()]
}

interface Sender {
  readonly node: string
  readonly network: string
  readonly role: 'clear' | 'secret'
}

/** Whose task it came from, by its inner source on the network of its VNI; undefined of what did not arrive. */
function senderOf({ egress, vxlan, inner }: SeenFrame, facts: ClusterFacts): Sender | undefined {
  if (egress || vxlan === undefined) return undefined
  const role = (['clear', 'secret'] as const).find((one) => facts.networks[one].vni === vxlan.vni)
  if (role === undefined) return undefined
  const { name } = facts.networks[role]
  const task = tasksIn(facts, role).find(({ endpoints }) => endpoints[name]?.address === inner?.ip?.source)
  return task === undefined ? undefined : { node: task.node, network: name, role }
}

function protocolOf({ inner }: SeenFrame): Protocol | undefined {
  if (inner?.udp !== undefined) return 'UDP'
  if (inner?.tcp !== undefined) return 'TCP'
  return inner?.icmp === undefined ? undefined : 'ICMP'
}

function isSilent(
  exchanged: readonly Exchanged[],
  facts: ClusterFacts,
  way: {
    readonly from: string
    readonly to: string
    readonly role: Sender['role']
    readonly protocol: Protocol
  },
): boolean {
  const answers = (protocol: string): boolean[] =>
    exchanged
      .filter((one) => one.network === way.role && one.protocol === protocol)
      .filter(({ from, to }) => taskOf(facts, from).node === way.from && taskOf(facts, to).node === way.to)
      .map(({ probe }) => probe.outcome === 'answered')
  const own = answers(way.protocol.toLowerCase())
  return own.length > 0 && !own.includes(true) && answers('icmp').includes(true)
}
