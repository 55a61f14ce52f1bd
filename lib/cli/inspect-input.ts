import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { InputError } from '../error.ts'
import { CaptureReader, NotACaptureError } from '../packet/capture-reader.ts'
import type { PacketFilter } from '../packet/filter.ts'
import { FlowLedger } from '../packet/ledger.ts'
import type { CaptureSummary, RecordSink } from '../packet/record.ts'
import { DEFAULT_VXLAN_PORTS } from '../packet/vxlan.ts'

/** A capture read to its end. */
export interface Inspection {
  /** As it was given. */
  readonly file: string
  readonly ledger: FlowLedger
  readonly summary: CaptureSummary
  readonly compressed: boolean
}

/** Little enough to stay in a processor’s own cache between the kernel that fills it and the ledger that reads it. */
const BUFFER_BYTES = 128 * 1024
/** How much is read at a stretch before signals get their turn. */
const STRETCH_BYTES = 64 * 1024 * 1024

/** Throws InputError if the file cannot be read, or is no capture. */
export async function readLedger(
  file: string,
  vxlanPorts: readonly number[] = DEFAULT_VXLAN_PORTS,
  filter?: PacketFilter,
): Promise<Inspection> {
  const ledger = new FlowLedger({ vxlanPorts })
  const reader = new CaptureReader(filter === undefined ? ledger : await filtered(ledger, filter, vxlanPorts))
  try {
    const { compressed, damage } = await feed(reader, file)
    const summary = reader.end()
    return {
      file,
      ledger,
      compressed,
      summary: damage === undefined ? summary : { ...summary, truncated: damage },
    }
  } catch (error) {
    throw explained(file, error)
  }
}

/** The object decoder is loaded only where something is filtered. */
async function filtered(
  ledger: FlowLedger,
  filter: PacketFilter,
  vxlanPorts: readonly number[],
): Promise<RecordSink> {
  const { FilterSink } = await import('../packet/filter.ts')
  return new FilterSink(ledger, filter, vxlanPorts)
}

interface Fed {
  readonly compressed: boolean
  readonly damage?: string | undefined
}

async function feed(reader: CaptureReader, file: string): Promise<Fed> {
  if (file === '-') return feedStream(reader, process.stdin)
  const descriptor = openSync(file, 'r')
  let owned = true
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory())
      throw new InputError({
        code: 'IS_A_DIRECTORY',
        what: `${file} is a directory`,
        expected: 'a capture file',
      })
    if (stat.isFile()) {
      const start = Buffer.alloc(2)
      readSync(descriptor, start, 0, 2, 0)
      if (start.readUInt16BE() !== 0x1f8b) {
        await feedFile(reader, descriptor)
        return { compressed: false }
      }
    }
    owned = false
    const start = stat.isFile() ? { start: 0 } : {}
    return await feedStream(
      reader,
      createReadStream(file, { fd: descriptor, highWaterMark: BUFFER_BYTES, ...start }),
    )
  } finally {
    if (owned) closeSync(descriptor)
  }
}

/** Plain files are read into one buffer over and over: half the cost of a stream of new ones. */
async function feedFile(reader: CaptureReader, descriptor: number): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES)
  let sinceTurn = 0
  for (;;) {
    const bytes = readSync(descriptor, buffer, 0, BUFFER_BYTES, null)
    if (bytes === 0) return
    reader.push(bytes === BUFFER_BYTES ? buffer : buffer.subarray(0, bytes))
    sinceTurn += bytes
    if (sinceTurn >= STRETCH_BYTES) {
      sinceTurn = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

async function feedStream(reader: CaptureReader, stream: AsyncIterable<Uint8Array>): Promise<Fed> {
  const { inflated } = await import('../packet/inflated.ts')
  const input = inflated(stream)
  for await (const chunk of input.chunks) reader.push(chunk)
  return { compressed: input.compressed, damage: input.damage }
}

function explained(file: string, error: unknown): unknown {
  if (error instanceof NotACaptureError) {
    return new InputError({
      code: 'NOT_A_CAPTURE',
      what: `${file === '-' ? 'standard input' : file} is not a capture file`,
      expected: 'pcap or pcapng, as tcpdump, dumpcap or Wireshark write them, plain or gzip',
      observed: error.found,
    })
  }
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'you may not read it',
    EPERM: 'you may not read it',
    EISDIR: 'it is a directory',
    ENOTDIR: 'part of its path is not a directory',
  }
  const code = String(error.code)
  return new InputError({
    code: 'CANNOT_READ',
    what: `cannot read ${file}: ${reasons[code] ?? error.message}`,
    cause: error,
  })
}
