import { expect } from 'chai'
import { DockerFrames } from './docker-frames.ts'

function frame(kind: number, text: string): Buffer {
  const header = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

const stream = Buffer.concat([
  frame(1, 'out'),
  frame(2, 'error'),
  frame(1, ''),
  frame(1, ' more'),
  frame(2, '!'),
])

function read(chunks: readonly Buffer[]): { stdout: string; stderr: string; whole: boolean } {
  const frames = new DockerFrames()
  const pieces = chunks.flatMap((chunk) => frames.take(chunk))
  const of = (output: string): string =>
    pieces
      .filter((piece) => piece.output === output)
      .map(({ bytes }) => bytes.toString())
      .join('')
  return { stdout: of('stdout'), stderr: of('stderr'), whole: frames.isBetweenFrames }
}

describe("an engine's multiplexed stream", () => {
  it('is the same wherever it was cut', () => {
    for (let at = 0; at <= stream.length; at++) {
      const seen = read([stream.subarray(0, at), stream.subarray(at)])
      expect(seen, `cut at ${at}`).to.deep.equal({ stdout: 'out more', stderr: 'error!', whole: true })
    }
    const bytes = [...stream].map((byte) => Buffer.from([byte]))
    expect(read(bytes)).to.deep.equal({ stdout: 'out more', stderr: 'error!', whole: true })
  })

  it('is known to be cut short, at every length but between frames', () => {
    const ends = [0, 11, 24, 32, 45, 54]
    for (let length = 0; length <= stream.length; length++) {
      expect(read([stream.subarray(0, length)]).whole, `${length} bytes`).to.equal(ends.includes(length))
    }
  })

  it('that is none is refused', () => {
    expect(() => read([Buffer.from('HTTP/1.1 500')])).to.throw(RangeError, 'not a frame header')
    expect(() => read([Buffer.from([1, 0, 0, 9, 0, 0, 0, 0])])).to.throw(RangeError)
  })
})
