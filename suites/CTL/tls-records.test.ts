import { expect } from 'chai'
import { judgeTls } from './tls-records.ts'
import type { TcpStream } from './tcp-stream.ts'

const record = (length: number, type = 23): Buffer =>
  Buffer.concat([Buffer.from([type, 3, 3, length >> 8, length & 0xff]), Buffer.alloc(length, 0xa5)])

const stream = (bytes: Buffer, more: Partial<TcpStream> & { afterPause?: number[] } = {}): TcpStream => ({
  source: '192.0.2.1',
  sourcePort: 40_000,
  destination: '192.0.2.2',
  destinationPort: 2377,
  fromStart: false,
  runs: [{ bytes, afterPause: more.afterPause ?? [] }],
  ...more,
})

describe('judgeTls', () => {
  it('walks a chain of records', () => {
    const judged = judgeTls(stream(Buffer.concat([record(83), record(16_640), record(2, 21)])))
    expect(judged).to.include({ kind: 'tls', records: 3 })
  })

  it('keeps the bodies of application data only', () => {
    const judged = judgeTls(stream(Buffer.concat([record(10, 22), record(30)]), { fromStart: true }))
    expect(judged.kind === 'tls' && judged.applicationData.map((body) => body.length)).to.deep.equal([30])
  })

  it('accepts a last record of which only a part was recorded', () => {
    expect(judgeTls(stream(record(500).subarray(0, 100)))).to.include({ kind: 'tls', records: 1 })
    expect(judgeTls(stream(Buffer.concat([record(8), record(8).subarray(0, 3)])))).to.include({ records: 1 })
  })

  it('refuses clear text from its start on', () => {
    const judged = judgeTls(stream(Buffer.from('GET / HTTP/1.0\r\n\r\n'), { fromStart: true }))
    expect(judged).to.include({ kind: 'not-tls', at: 0 })
  })

  it('refuses clear text behind good records', () => {
    const bytes = Buffer.concat([record(40), Buffer.from('plain text follows')])
    expect(judgeTls(stream(bytes, { fromStart: true }))).to.include({ kind: 'not-tls', at: 45 })
  })

  it('refuses records that are too long, empty or of an unknown version', () => {
    const bad = [
      record(16_641),
      record(0),
      Buffer.from([23, 3, 9, 0, 1, 0]),
      Buffer.from([25, 3, 3, 0, 1, 0]),
    ]
    for (const bytes of bad) expect(judgeTls(stream(bytes, { fromStart: true })).kind).to.equal('not-tls')
  })

  it('judges a stream under way from behind a pause', () => {
    const tail = record(300).subarray(120)
    const bytes = Buffer.concat([tail, record(60)])
    expect(judgeTls(stream(bytes, { afterPause: [tail.length] }))).to.include({
      kind: 'tls',
      records: 1,
      skippedBytes: tail.length,
    })
  })

  it('refuses clear text under way once its sender paused', () => {
    const bytes = Buffer.from('first message' + 'second message')
    expect(judgeTls(stream(bytes, { afterPause: [13] })).kind).to.equal('not-tls')
  })

  it('does not decide what began in the middle and never paused', () => {
    expect(judgeTls(stream(record(300).subarray(120))).kind).to.equal('undecided')
  })

  it('judges what follows a gap', () => {
    const runs = [
      { bytes: record(30), afterPause: [] },
      { bytes: Buffer.from('clear' + 'text again'), afterPause: [5] },
    ]
    expect(judgeTls({ ...stream(record(1)), runs }).kind).to.equal('not-tls')
    const unknown = [runs[0] as (typeof runs)[0], { bytes: record(300).subarray(50), afterPause: [] }]
    expect(judgeTls({ ...stream(record(1)), runs: unknown })).to.include({ kind: 'tls', records: 1 })
  })
})
