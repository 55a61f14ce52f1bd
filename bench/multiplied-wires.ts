import { createHash } from 'node:crypto'
import type { ClusterFacts, NodeFacts, TaskFacts } from '../lib/observation/facts.ts'
import type { Frame, WireSeen } from '../lib/observation/frame.ts'
import { nodePairs, taskPairs } from '../lib/observation/pair-sample.ts'
import type { Part } from '../lib/observation/part.ts'

type Wires = Readonly<Record<string, Part<WireSeen>>>

/** A frame of the pattern, and at which end of the pair it was recorded. */
interface Patterned {
  readonly end: 'from' | 'to'
  readonly frame: Frame
}

/**
 * What nodes recorded of one conversation, repeated for every pair with the addresses of that pair: the same frames on
 * both ends, told apart by their digests. `crosses` says whether what leaves one node arrives at another.
 */
export class WirePattern {
  readonly #wires: Wires
  readonly #nodes: readonly [NodeFacts, NodeFacts]

  constructor(facts: ClusterFacts, wires: Wires) {
    this.#wires = wires
    const [from, to] = facts.nodes
    if (from === undefined || to === undefined) throw new Error('two nodes are needed')
    this.#nodes = [from, to]
  }

  /** The frames of a conversation that the first of two tasks began with the second. */
  between(tasks: readonly [TaskFacts, TaskFacts], network: string): Patterned[] {
    const [a, b] = tasks.map(({ endpoints }) => endpoints[network]?.address)
    return this.#frames(({ inner }) => {
      const { ip, icmp, udp, tcp } = inner ?? {}
      const forth = ip?.source === a && ip?.destination === b
      const back = ip?.source === b && ip?.destination === a
      const server = (port: number, echo: boolean): boolean => echo || [80, 7007].includes(port)
      return (
        (forth && server(tcp?.to ?? udp?.to ?? 0, icmp?.type === 8)) ||
        (back && server(tcp?.from ?? udp?.from ?? 0, icmp?.type === 0))
      )
    })
  }

  /** Frames without a readable inside that the first node sent to the second. */
  sent(isOne: (frame: Frame) => boolean): Patterned[] {
    const [from, to] = this.#nodes
    return this.#frames(
      (frame) =>
        isOne(frame) &&
        frame.outer?.source === from.dataPath.address &&
        frame.outer.destination === to.dataPath.address,
    )
  }

  #frames(isOne: (frame: Frame) => boolean): Patterned[] {
    return (['from', 'to'] as const).flatMap((end, index) => {
      const wire = this.#wires[this.#nodes[index]?.name ?? '']
      if (wire === undefined || !('got' in wire)) return []
      return wire.got.frames.filter(isOne).map((frame) => ({ end, frame }))
    })
  }

  /** What stands in the pattern for the ends of a pair. */
  names(
    [from, to]: readonly [NodeFacts, NodeFacts],
    tasks?: {
      readonly pattern: readonly TaskFacts[]
      readonly pair: readonly TaskFacts[]
      readonly network: string
    },
  ): Map<string, string> {
    const names = new Map<string, string>()
    this.#nodes.forEach((node, index) => {
      const other = index === 0 ? from : to
      names.set(node.dataPath.address, other.dataPath.address)
      names.set(macOf(node), macOf(other))
    })
    tasks?.pattern.forEach((task, index) => {
      const [was, is] = [task.endpoints[tasks.network], tasks.pair[index]?.endpoints[tasks.network]]
      if (was === undefined || is === undefined) return
      names.set(was.address, is.address)
      names.set(was.mac, is.mac)
    })
    return names
  }
}

function macOf({ macs, dataPath }: NodeFacts): string {
  return macs[dataPath.interface] ?? ''
}

/** Collects frames by node. */
class Recorded {
  readonly #frames = new Map<string, Frame[]>()

  add(
    pattern: readonly Patterned[],
    key: string,
    [from, to]: readonly [string, string],
    names: Map<string, string>,
    arrives: boolean,
  ): void {
    for (const { end, frame } of pattern) {
      // Of what does not arrive only what is sent first leaves.
      if (!arrives && (end === 'to' || !frame.egress)) continue
      const node = end === 'from' ? from : to
      const own = this.#frames.get(node) ?? []
      this.#frames.set(node, own)
      own.push({ ...renamed(frame, names, key), index: own.length + 1 })
    }
  }

  wires(facts: ClusterFacts, like: WireSeen): Wires {
    return Object.fromEntries(
      facts.nodes.map(({ name }) => [
        name,
        { got: { ...like, node: name, file: `captures/${name}.pcap`, frames: this.#frames.get(name) ?? [] } },
      ]),
    )
  }
}

/** Strings of the pattern replaced, digests made those of the pair. */
function renamed(frame: Frame, names: Map<string, string>, key: string): Frame {
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return names.get(value) ?? value
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, walk(part)]))
  }
  const hash = (text: string): string =>
    createHash('sha256').update(`${key} ${text}`).digest('hex').slice(0, 16)
  const { digest, innermost, esp } = frame
  return {
    ...(walk(frame) as Frame),
    digest: hash(digest),
    ...(innermost === undefined ? {} : { innermost: hash(innermost) }),
    ...(esp === undefined ? {} : { esp: { ...esp, spi: `0x${hash(esp.spi).slice(0, 8)}` } }),
  }
}

interface Many {
  readonly recorded: ClusterFacts
  readonly facts: ClusterFacts
  readonly cutOff: ReadonlySet<string>
}

const one = (wires: Wires): WireSeen => {
  const [first] = Object.values(wires).flatMap((wire) => ('got' in wire ? [wire.got] : []))
  if (first === undefined) throw new Error('nothing was recorded')
  return first
}

/** Wires of the exchange among many nodes. */
export function exchangeWires({ recorded, facts, cutOff }: Many, wires: Wires): Wires {
  const pattern = new WirePattern(recorded, wires)
  const [a, b] = recorded.nodes
  const rr = [a, b].map((node) =>
    recorded.tasks.find((task) => task.service === 'swp-rr' && task.node === node?.name),
  )
  const [from, to] = rr
  if (from === undefined || to === undefined) throw new Error('no two tasks of rr')
  const { clear, secret } = facts.networks
  const talk = pattern.between([from, to], clear.name)
  const hidden = pattern.sent(({ esp }) => esp !== undefined)
  const all = new Recorded()
  const byName = new Map(facts.nodes.map((node) => [node.name, node]))
  for (const { network, role, frames } of [
    { network: clear.name, role: 'clear', frames: talk },
    { network: secret.name, role: 'secret', frames: hidden },
  ]) {
    const tasks = facts.tasks.filter(({ endpoints }) => endpoints[network] !== undefined)
    for (const pair of taskPairs(facts, tasks, ({ node }) => node)) {
      const ends = pair.map(({ node }) => byName.get(node)) as [NodeFacts, NodeFacts]
      const names = pattern.names(ends, { pattern: [from, to], pair, network: clear.name })
      const arrives = !ends.some(({ name }) => cutOff.has(name))
      all.add(frames, `${role} ${pair[0].id} ${pair[1].id}`, [ends[0].name, ends[1].name], names, arrives)
    }
  }
  return all.wires(facts, one(wires))
}

/** Gossip among many nodes: of every pair that is tried what one pair was seen to send. */
export function controlWires({ recorded, facts }: Many, wires: Wires): Wires {
  const pattern = new WirePattern(recorded, wires)
  const frames = pattern.sent(() => true)
  const all = new Recorded()
  for (const pair of nodePairs(facts, facts.nodes, ({ name }) => name))
    all.add(
      frames,
      `${pair[0].name} ${pair[1].name}`,
      [pair[0].name, pair[1].name],
      pattern.names(pair),
      true,
    )
  return all.wires(facts, one(wires))
}
