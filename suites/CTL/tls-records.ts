import type { StreamRun, TcpStream } from './tcp-stream.ts'

/** Whether a stream is a chain of TLS records, and where it is not. */
export type TlsJudgement =
  | {
      readonly kind: 'tls'
      readonly records: number
      /** Bodies of application data records (type 23), which must not be readable. */
      readonly applicationData: readonly Buffer[]
      /** Bytes before the first record boundary that could be made out. */
      readonly skippedBytes: number
    }
  | { readonly kind: 'not-tls'; readonly at: number; readonly bytes: string }
  | { readonly kind: 'undecided'; readonly why: string }

const headerBytes = 5
/** 2^14 and 256 of protection: RFC 8446, 5.2. */
const maxRecordBytes = 16_640

/**
 * Walks the records of a stream. From its SYN on every byte must belong to a record. A stream that was already
 * under way is judged from the first byte recorded, if a record begins there, else from behind the first pause
 * of its sender; without one it cannot be decided.
 */
export function judgeTls(stream: TcpStream): TlsJudgement {
  const [first, ...later] = stream.runs
  if (first === undefined) return { kind: 'undecided', why: 'no payload' }
  const judged = judgeRun(first, stream.fromStart)
  if (judged.kind === 'not-tls') return judged
  // Behind a gap the boundary is lost; a run there is judged only if it begins a record or paused.
  const others = later.map((run) => judgeRun(run, false))
  const all = [judged, ...others]
  const wrong = all.find((one) => one.kind === 'not-tls')
  if (wrong !== undefined) return wrong
  const good = all.filter((one) => one.kind === 'tls')
  if (good.length === 0) return judged
  return {
    kind: 'tls',
    records: good.reduce((sum, { records }) => sum + records, 0),
    applicationData: good.flatMap(({ applicationData }) => applicationData),
    skippedBytes: good.reduce((sum, { skippedBytes }) => sum + skippedBytes, 0),
  }
}

function judgeRun(run: StreamRun, aligned: boolean): TlsJudgement {
  const fromFirst = walk(run.bytes, 0)
  if (fromFirst.kind === 'tls' || aligned) return fromFirst
  const boundary = run.afterPause.find((offset) => offset > 0)
  if (boundary === undefined) {
    return { kind: 'undecided', why: 'recorded from its middle, and its sender never paused' }
  }
  const fromPause = walk(run.bytes, boundary)
  return fromPause.kind === 'tls' ? { ...fromPause, skippedBytes: boundary } : fromPause
}

function walk(bytes: Buffer, start: number): TlsJudgement {
  const applicationData: Buffer[] = []
  let [offset, records] = [start, 0]
  while (offset < bytes.length) {
    if (bytes.length - offset < headerBytes) break
    const [type, version, length] = [
      bytes.readUInt8(offset),
      bytes.readUInt16BE(offset + 1),
      bytes.readUInt16BE(offset + 3),
    ]
    const sound =
      type >= 20 &&
      type <= 24 &&
      version >= 0x0301 &&
      version <= 0x0304 &&
      length > 0 &&
      length <= maxRecordBytes
    if (!sound) {
      return { kind: 'not-tls', at: offset, bytes: bytes.subarray(offset, offset + 16).toString('hex') }
    }
    const body = bytes.subarray(offset + headerBytes, offset + headerBytes + length)
    if (type === 23) applicationData.push(body)
    records += 1
    offset += headerBytes + length
  }
  if (records === 0) return { kind: 'undecided', why: 'fewer bytes than a record header' }
  return { kind: 'tls', records, applicationData, skippedBytes: 0 }
}
