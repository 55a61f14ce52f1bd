import { style } from '../cli/terminal.ts'
import { gzipSync } from 'node:zlib'
import { pageLines } from '../cli/inspect-page.ts'
import { CaptureReader, NotACaptureError } from '../packet/capture-reader.ts'
import { fixtureBytes, fixtureNames } from '../packet/fixture.fake.ts'
import { FlowLedger } from '../packet/ledger.ts'
import { LedgerRows } from '../packet/ledger-rows.ts'
import { readPackets } from '../packet/packet-stream.ts'
import type { CaptureSummary } from '../packet/record.ts'
import { summarize } from '../packet/summarize.ts'
import { dnsAnswer } from '../probe/dns.ts'
import { httpReply } from '../probe/http.ts'
import type { Observation } from '../probe/probe.ts'
import type { Target } from './fuzz.fake.ts'
import { mutateBytes, mutateText, pick, type Random } from './mutate.fake.ts'

const seeds = fixtureNames.map((name) => fixtureBytes(name).slice(0, 40_000))

function* cut(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  const most = pick(random, [1, 7, 60, 1000, 60_000])
  for (let at = 0; at < bytes.length;) {
    const to = at + 1 + random(most)
    yield bytes.subarray(at, to)
    at = to
  }
}

/** The page and the rows of a capture, which must not depend on how it is cut. */
function ledgerText(chunks: Iterable<Uint8Array>): { text: string; ledger: FlowLedger } {
  const ledger = new FlowLedger()
  const reader = new CaptureReader(ledger)
  for (const chunk of chunks) reader.push(chunk)
  const summary = reader.end()
  const page = [
    ...pageLines(
      { file: 'x', ledger, summary, compressed: false },
      { all: true, paint: style({ isTTY: false }) },
    ),
  ]
  return { text: `${page.join('\n')}${JSON.stringify(new LedgerRows(ledger).report('x', summary))}`, ledger }
}

interface Decoded {
  readonly summary: CaptureSummary
  readonly packets: number
  readonly malformed: number
  readonly text: string
}

async function decoded(chunks: Iterable<Uint8Array>): Promise<Decoded> {
  const reading = readPackets(chunks)
  const lines: string[] = []
  let malformed = 0
  for (;;) {
    const next = await reading.next()
    if (next.done === true) {
      const summary = next.value
      return {
        summary,
        packets: lines.length,
        malformed,
        text: `${lines.join('\n')}${JSON.stringify(summary)}`,
      }
    }
    if (next.value.malformed !== undefined) malformed++
    lines.push(summarize(next.value))
  }
}

async function inspected(bytes: Uint8Array, random: Random): Promise<string> {
  const whole = ledgerText([bytes])
  if (ledgerText(cut(bytes, random)).text !== whole.text)
    throw new Error('the ledger depends on how it is cut')
  const packets = await decoded([bytes])
  const { ledger } = whole
  if (packets.packets !== ledger.packets || packets.malformed !== ledger.malformed) {
    throw new Error(
      `decoder: ${packets.packets} packets, ${packets.malformed} malformed; ledger: ${ledger.packets}, ${ledger.malformed}`,
    )
  }
  return whole.text + packets.text
}

function observed(reply: Uint8Array): Observation {
  return {
    request: {
      kind: 'udp',
      from: { namespace: 'host', label: 'host', host: { name: 'm1' } },
      to: '127.0.0.11',
      port: 53,
      expectReply: true,
    },
    outcome: 'answered',
    replies: [Buffer.from(reply)],
  } as unknown as Observation
}

/** An answer with a CNAME, an A and an AAAA record, names compressed. */
const dnsSeed = Buffer.from(
  '1234818000010003000000000377656207657861' +
    '6d706c6503636f6d0000010001c00c00050001000000780006036f6e65c010c02d0001000100000078000' +
    '40a5b0106c02d001c000100000078001020010db8000000000000000000000001',
  'hex',
)

export const captureTargets: readonly Target[] = [
  {
    kind: 'captures',
    name: 'pcap and pcapng',
    run: async (random) => inspected(mutateBytes(pick(random, seeds), random), random),
  },
  {
    kind: 'captures',
    name: 'gzip',
    run: async (random) => {
      const packed = new Uint8Array(gzipSync(mutateBytes(pick(random, seeds), random)))
      const bytes = random(2) === 0 ? packed : mutateBytes(packed, random)
      if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw new NotACaptureError('not packed any more')
      const whole = (await decoded([bytes])).text
      if ((await decoded(cut(bytes, random))).text !== whole)
        throw new Error('what is read depends on how it is cut')
      return whole
    },
  },
  {
    kind: 'captures',
    name: 'DNS answers',
    run: (random) => JSON.stringify(dnsAnswer(observed(mutateBytes(new Uint8Array(dnsSeed), random)))),
  },
  {
    kind: 'captures',
    name: 'HTTP answers',
    run: (random) => {
      const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Host: a\r\n\r\nhello'
      return JSON.stringify(httpReply(Buffer.from(mutateText([answer], random), 'latin1')) ?? null)
    },
  },
]
