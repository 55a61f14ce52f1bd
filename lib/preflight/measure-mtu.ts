import { protocolLine } from '../remote/protocol-line.ts'
import type { MtuFinding, PortFinding } from './finding.ts'
import { type Bench, type MeasuredHost, pairsOf } from './bench.ts'

type Channel = 'udp' | 'esp' | 'icmp'

interface Search {
  readonly from: MeasuredHost
  readonly to: MeasuredHost
  readonly channel: Channel
  /** Largest that arrived; 0 if nothing did. */
  arrived: number
  /** Smallest of those above it that did not. */
  lost: number
}

/** Usual sizes of links, tunnels and clouds; tried at once. */
const usualBytes = [
  9000, 8950, 4000, 1500, 1492, 1480, 1476, 1462, 1460, 1450, 1440, 1420, 1400, 1380, 1350, 1280, 1000, 576,
]
/** Of each size, so that a single loss does not pass for a limit. */
const copies = 2
const sizesAtOnce = 16
const mostSteps = 6

/** Finds the path MTU of every ordered pair by datagrams that must not be fragmented, on the way that data takes. */
export async function measureMtu(
  bench: Bench,
  ports: readonly PortFinding[],
): Promise<readonly MtuFinding[]> {
  const searches = pairsOf(bench.hosts).map(({ from, to }): Search => {
    const channel = channelOf(from, to, ports, bench.dataPathPort)
    return { from, to, channel, arrived: 0, lost: from.mtuBytes + 1 }
  })
  const usual = ({ from }: Search): readonly number[] => [
    from.mtuBytes,
    ...usualBytes.filter((bytes) => bytes < from.mtuBytes),
  ]
  await tryOut(bench, searches, usual)
  const silent = searches.filter(({ arrived }) => arrived === 0)
  // A busy host may have lost them all; what it says of larger ones then is no limit either.
  for (const search of silent) search.lost = search.from.mtuBytes + 1
  if (silent.length > 0) await tryOut(bench, silent, usual)
  for (let i = 0; i < mostSteps; i += 1) {
    const open = searches.filter(({ arrived, lost }) => arrived > 0 && lost - arrived > 1)
    if (open.length === 0) break
    await tryOut(bench, open, between)
  }
  return searches.map(findingOf)
}

/** What is known to arrive; a ping where nothing is. */
function channelOf(
  from: MeasuredHost,
  to: MeasuredHost,
  ports: readonly PortFinding[],
  dataPathPort: number,
): Channel {
  const arrives = (what: string): boolean =>
    ports.some(
      (one) => one.from === from.name && one.to === to.name && one.what === what && one.arrived === 'yes',
    )
  if (arrives(`${dataPathPort}/udp`)) return 'udp'
  return arrives('esp') ? 'esp' : 'icmp'
}

function between({ arrived, lost }: Search): readonly number[] {
  const stride = Math.max(1, Math.ceil((lost - arrived - 1) / sizesAtOnce))
  const sizes: number[] = []
  for (let bytes = lost - 1; bytes > arrived; bytes -= stride) sizes.push(bytes)
  return sizes
}

async function tryOut(
  bench: Bench,
  searches: readonly Search[],
  sizesOf: (search: Search) => readonly number[],
): Promise<void> {
  const { sightings, dataPathPort: port } = bench
  const sent = searches.flatMap((search) =>
    sizesOf(search).flatMap((bytes) =>
      Array.from({ length: copies }, () => {
        const id = bench.nextId()
        const { from, to } = search
        sightings.expect({ id, from: from.name, to: to.name, target: to.dataPath, port })
        return { search, bytes, id }
      }),
    ),
  )
  for (const { from } of new Map(searches.map((search) => [search.from, search])).values()) {
    const own = sent.filter(({ search }) => search.from === from)
    bench.agents
      .get(from.name)
      ?.send(
        own.map(({ search, bytes, id }) =>
          protocolLine(search.channel, id, from.dataPath, search.to.dataPath, port, bytes),
        ),
      )
  }
  const done = ({ id }: { readonly id: number }): boolean =>
    sightings.of(id).arrived || (sightings.of(id).errno ?? 0) !== 0
  await sightings.settle(() => sent.every(done), bench.settleMs, bench.signal)
  for (const { search, bytes, id } of sent) {
    if (sightings.of(id).arrived) search.arrived = Math.max(search.arrived, bytes)
  }
  for (const { search, bytes, id } of sent) {
    if (!sightings.of(id).arrived && bytes > search.arrived) search.lost = Math.min(search.lost, bytes)
  }
}

function findingOf({ from, to, channel, arrived }: Search): MtuFinding {
  const pathBytes = arrived === 0 ? undefined : arrived
  return {
    from: from.name,
    to: to.name,
    pathBytes,
    interfaceBytes: from.mtuBytes,
    detail: sentence(from, to, channel, pathBytes),
  }
}

function sentence(
  from: MeasuredHost,
  to: MeasuredHost,
  channel: Channel,
  pathBytes: number | undefined,
): string {
  const names = { udp: 'the data path', esp: 'ESP', icmp: 'ping' }
  if (pathBytes === undefined)
    return `the path MTU from ${from.name} to ${to.name} could not be measured: no datagram of any size arrived (tried twice, by ${names[channel]})`
  if (pathBytes >= from.mtuBytes)
    return `packets of ${pathBytes} bytes get from ${from.name} to ${to.name} whole`
  return `packets of at most ${pathBytes} bytes get from ${from.name} to ${to.name} (measured by ${names[channel]}), although ${from.name} sends up to ${from.mtuBytes}: larger ones are lost on the way`
}
