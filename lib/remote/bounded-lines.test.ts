import { Readable } from 'node:stream'
import { expect } from 'chai'
import { readLines, TooMuchOutput } from './bounded-lines.ts'

describe('lines of a host', () => {
  const lines = async (chunks: readonly (string | Buffer)[], bounds = {}): Promise<string[]> => {
    const seen: string[] = []
    const bytes = chunks.map((chunk) => Buffer.from(chunk as string))
    await readLines(Readable.from(bytes, { objectMode: true }), (line) => seen.push(line), bounds)
    return seen
  }

  it('come out whole, however they were cut', async () => {
    const text = 'ready\n\nübergröße €\r\nno end'
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(await lines(parts), `cut at ${cut}`).to.deep.equal(['ready', '', 'übergröße €', 'no end'])
    }
  })

  it('may be as long as the bound, and no longer', async () => {
    expect(await lines(['12345\n678', '90\n'], { maxLineBytes: 5 })).to.deep.equal(['12345', '67890'])
    for (const chunks of [['123456\n'], ['123', '456'], ['1\n123', '456\n']]) {
      const error = await lines(chunks, { maxLineBytes: 5 }).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(TooMuchOutput).with.property('message', 'a line of more than 5 bytes')
    }
  })

  it('may be as many as the bound for all of them', async () => {
    expect(await lines(['1\n2\n3\n'], { maxBytes: 6 })).to.have.lengthOf(3)
    const error = await lines(['1\n2\n3\n', '4'], { maxBytes: 6 }).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TooMuchOutput).with.property('message', 'more than 6 bytes')
  })

  it('destroy an endless stream at the bound', async () => {
    let given = 0
    const endless = new Readable({
      read() {
        given += 1
        this.push(Buffer.alloc(65_536, 'x'))
      },
    })
    const error = await readLines(endless, () => undefined).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TooMuchOutput)
    expect(endless.destroyed).to.equal(true)
    expect(given).to.be.below(20)
  })

  it('reject with what broke the stream', async () => {
    const broken = new Readable({ read: () => undefined })
    const read = readLines(broken, () => undefined).catch((reason: Error) => reason.message)
    broken.destroy(new Error('the connection was lost'))
    expect(await read).to.equal('the connection was lost')
  })
})
