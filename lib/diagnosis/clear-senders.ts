import type { Frame } from '../observation/frame.ts'
import { gossipPort, managementPort } from '../topology/swarm-defaults.ts'
import type { LabView } from './lab-view.ts'
import { nodesRead, statesOf } from './meanwhile.ts'

/** Who sends to a port of engines what no engine of the swarm sends. */
export interface ClearSender {
  readonly port: typeof gossipPort | typeof managementPort
  readonly address: string
  /** Name of the node that has the address; undefined where none is known to. */
  readonly node?: string
  /** Ports it sends from. */
  readonly ports: readonly number[]
  /** Of these, those that a socket of the node itself had, connected to nobody, when its sockets were read. */
  readonly held: readonly number[]
  /** Names of the nodes it sends to, or their addresses. */
  readonly to: readonly string[]
  /** Datagrams, or connections. */
  readonly count: number
  /** Encrypted gossip came from the same address and port besides: the engine there has keys. */
  readonly besideEncrypted?: true
  /** What it speaks, where the first bytes tell. */
  readonly speaks?: string
}

interface ClearPacket {
  readonly port: ClearSender['port']
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  /** In hexadecimal. */
  readonly begins: string
}

interface ControlRecorded {
  readonly streams?: readonly {
    readonly source: string
    readonly sourcePort: number
    readonly destination: string
    readonly destinationPort: number
    readonly fromStart: boolean
    readonly form: string
    readonly at?: number
    readonly bytesThere?: string
    readonly isControl: boolean
  }[]
  readonly clearDatagrams?: readonly {
    readonly node: string
    readonly index: number
    readonly begins: string
  }[]
  readonly wires?: Readonly<Record<string, { readonly got?: { readonly frames: readonly Frame[] } }>>
}

/** One for each address and port that it sends to. */
export function clearSenders(lab: LabView): ClearSender[] {
  const recorded = ['control', 'CTL-11'].map((key) => (lab.scene(key) ?? {}) as ControlRecorded)
  const groups = new Map<string, ClearPacket[]>()
  for (const packet of recorded.flatMap((one) => [...clearStreams(one), ...clearDatagrams(one)])) {
    const key = `${packet.source} ${packet.port}`
    groups.set(key, [...(groups.get(key) ?? []), packet])
  }
  const encrypted = new Set(recorded.flatMap(encryptedSources))
  return [...groups.values()].flatMap((packets) => senderOf(packets, lab, encrypted))
}

/** Of whoever connects to the port; that its first byte is none of TLS shows that no engine does. */
function clearStreams({ streams = [] }: ControlRecorded): ClearPacket[] {
  return streams.flatMap((stream) =>
    !stream.isControl &&
    stream.form === 'not-tls' &&
    stream.destinationPort === managementPort &&
    (stream.fromStart ? stream.at === 0 : spokenBy(stream.bytesThere) !== undefined)
      ? [{ ...stream, port: managementPort, begins: stream.bytesThere ?? '' }]
      : [],
  )
}

/** Each once, as its sender recorded it or, of strangers, whoever received it. */
function clearDatagrams({ clearDatagrams: all = [], wires = {} }: ControlRecorded): ClearPacket[] {
  const found = all.flatMap(({ node, index, begins }) => {
    const frame = wires[node]?.got?.frames.find((one) => one.index === index)
    const { outer, udp } = frame ?? {}
    return outer === undefined || udp?.to !== gossipPort
      ? []
      : [
          {
            ...({ port: gossipPort, source: outer.source, sourcePort: udp.from } as const),
            ...{ destination: outer.destination, begins, egress: frame?.egress === true },
          },
        ]
  })
  const recordedAtSource = new Set(found.filter(({ egress }) => egress).map(({ source }) => source))
  return found.filter(({ egress, source }) => egress || !recordedAtSource.has(source))
}

/** Addresses that gossip comes from, by the port of engines, that has the form of what is encrypted. */
function encryptedSources({ clearDatagrams = [], wires = {} }: ControlRecorded): string[] {
  const clear = new Set(clearDatagrams.map(({ node, index }) => `${node} ${index}`))
  return Object.entries(wires).flatMap(([node, { got }]) =>
    (got?.frames ?? []).flatMap(({ index, outer, udp }) =>
      outer !== undefined &&
      udp?.from === gossipPort &&
      udp.to === gossipPort &&
      !clear.has(`${node} ${index}`)
        ? [outer.source]
        : [],
    ),
  )
}

function senderOf(
  packets: readonly ClearPacket[],
  lab: LabView,
  encrypted: ReadonlySet<string>,
): ClearSender[] {
  const [first] = packets
  if (first === undefined) return []
  const node = nodeWith(lab, first.source)
  const ports = [...new Set(packets.map(({ sourcePort }) => sourcePort))]
  const protocol = first.port === gossipPort ? 'udp' : 'tcp'
  const listeners = node === undefined ? [] : statesOf(lab, node).flatMap((state) => state.listeners)
  const speaks = spokenBy(first.begins)
  return [
    {
      ...{ port: first.port, address: first.source, ports, count: packets.length },
      held: ports.filter((port) => listeners.some((one) => one.protocol === protocol && one.port === port)),
      to: [...new Set(packets.map(({ destination }) => nodeWith(lab, destination) ?? destination))],
      ...(node === undefined ? {} : { node }),
      ...(first.port === gossipPort && encrypted.has(first.source) ? { besideEncrypted: true } : {}),
      ...(speaks === undefined ? {} : { speaks }),
    },
  ]
}

/** By the addresses that the swarm knows, else by those that its interfaces have. */
function nodeWith(lab: LabView, address: string): string | undefined {
  const known = lab.facts?.nodes.find(({ advertise, dataPath }) =>
    [advertise.address, dataPath.address].includes(address),
  )
  const has = (node: string): boolean =>
    statesOf(lab, node).some(({ root }) =>
      root.links.some(({ addresses }) => addresses.some((one) => one.address === address)),
    )
  const [only, ...others] = nodesRead(lab).filter(has)
  return known?.name ?? (others.length === 0 ? only : undefined)
}

const protocols: readonly (readonly [RegExp, string])[] = [
  [/^(GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|PATCH) /, 'HTTP'],
  [/^PRI \* HTTP\/2/, 'HTTP/2 without TLS'],
  [/^SSH-/, 'SSH'],
  // Version 1, and the signature of version 2.
  [/^(PROXY |\r\n\r\n\0\r\nQUIT\n)/, 'the PROXY protocol'],
]

/** By bytes in hexadecimal; they themselves may be a secret of somebody, and are said nowhere. */
function spokenBy(begins = ''): string | undefined {
  const text = Buffer.from(begins, 'hex').toString('latin1')
  return protocols.find(([pattern]) => pattern.test(text))?.[1]
}
