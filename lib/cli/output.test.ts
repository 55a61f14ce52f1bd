import { PassThrough, Writable } from 'node:stream'
import { expect } from 'chai'
import { printable } from '../printable.ts'
import { Output } from './output.ts'
import { paintMark, style } from './terminal.ts'

function outputTo(environment: NodeJS.ProcessEnv = {}): { output: Output; text: () => string } {
  let text = ''
  const stream = new PassThrough().on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { output: new Output(stream, environment), text: () => text }
}

/** A stream on which every write fails, as on a full disk or a closed pipe. */
function broken(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
  })
}

const workflow = { GITHUB_ACTIONS: 'true' }

/** What a host said in the review: a title, a cleared screen, and commands of a workflow. */
const hostile =
  'go away \u001b]0;PWNED-TITLE\u0007\u001b[2J\n::error title=forged::said by a host\n  ::add-mask::e\n\t ::stop-commands::x\nv1 ##[warning]in the midst\r\u009b31mred\u202e'

/** As the runner reads a line: ActionCommand.TryParseV2 and TryParse of actions/runner. */
function isCommand(line: string): boolean {
  return line.trim().startsWith('::') || line.includes('##[')
}

describe('output', () => {
  it('shows every control character, and keeps line breaks, tabs and our own colours', () => {
    const { output, text } = outputTo()
    const paint = style({ isTTY: true }, {})
    output.write(`${paint.bold(`${paint.red('✘')} said ${hostile}`)}\n`)
    expect(text()).to.contain(
      '\u001b[1m\u001b[31m✘\u001b[39m said go away \\u001b]0;PWNED-TITLE\\u0007\\u001b[2J\n',
    )
    const others = ['[1m', '[22m', '[31m', '[39m'].reduce(
      (rest, paint) => rest.replaceAll(`\u001b${paint}`, ''),
      text(),
    )
    expect(printable(others)).to.equal(others)
  })

  it('takes no colour from a host that does not know the mark', () => {
    const { output, text } = outputTo()
    output.write('\u001b[32m✔ ENC-01\u001b[39m')
    expect(text()).to.equal('\\u001b[32m✔ ENC-01\\u001b[39m')
    expect(paintMark.slice(1)).to.match(/^[0-9a-f-]{36}$/)
  })

  it('lets no line be a command of a workflow, however it is cut', () => {
    for (let cut = 0; cut <= hostile.length; cut += 1) {
      const { output, text } = outputTo(workflow)
      output.write(hostile.slice(0, cut))
      output.write(hostile.slice(cut))
      for (const line of text().split('\n')) expect(isCommand(line), `cut at ${cut}: ${line}`).to.equal(false)
    }
    const { output, text } = outputTo(workflow)
    for (const character of hostile) output.write(character)
    for (const line of text().split('\n')) expect(isCommand(line), line).to.equal(false)
  })

  it('leaves words that only look alike as they are', () => {
    const { output, text } = outputTo(workflow)
    const words = 'fe80::1 is reached\n  - std::string\n## [1] heading\n: a colon\n'
    output.write(words)
    expect(text()).to.equal(words)
  })

  it('gives JSON that says the same, without keys', () => {
    const { output, text } = outputTo(workflow)
    const value = { reason: hostile, '::key': ['::a', '##[b]'], token: 'x' }
    output.writeJson(value)
    expect(JSON.parse(text())).to.deep.equal({ ...value, token: '(redacted)' })
    for (const line of text().split('\n')) expect(isCommand(line), line).to.equal(false)
    expect(printable(text())).to.equal(text())
  })

  it('removes keys of what is shown', () => {
    const { output, text } = outputTo()
    output.write('join with SWMTKN-1-3pu6hszjas19xyp7-1awxwuwd3z9j1z3\n')
    expect(text()).to.equal('join with SWMTKN-(redacted)\n')
  })

  it('removes keys of what is delivered in parts, too, and no more than they take', async () => {
    const { output, text } = outputTo()
    const key = ['-----BEGIN OPENSSH PRIVATE KEY-----', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmU='].join('\n')
    await output.deliverPart(
      'SWMTKN-1-3pu6hszjas19xyp7-1awxwuwd3z9j1z3\nenc cbc(aes) 0x00112233445566778899\n',
    )
    await output.deliverPart(`${key}\n{"packets":3}\n`)
    expect(text()).to.equal(
      'SWMTKN-(redacted)\nenc cbc(aes) 0x(redacted)\n(redacted private key)\n(redacted private key)\n{"packets":3}\n',
    )
  })

  it('passes on commands for a workflow that were composed by us, and nothing else as such', () => {
    const { output, text } = outputTo(workflow)
    output.workflowCommand('::error title=ENC-01::does not hold%0Aon worker1')
    expect(text()).to.equal('::error title=ENC-01::does not hold%0Aon worker1\n')
    expect(() => output.workflowCommand('::error title=a::b\n::add-mask::e')).to.throw(
      'not a workflow command',
    )
  })

  for (const [code, end] of [
    ['EPIPE', 'closed'],
    ['EIO', 'closed'],
    ['ENOSPC', 'failed'],
  ] as const) {
    it(`goes quiet on ${code} and remembers whether the product was lost`, async () => {
      const output = new Output(broken(code), {})
      output.write('beside the work\n')
      await output.flush()
      await output.ended
      expect(output.end).to.equal(end)
      expect(output.isProductLost).to.equal(false)
      output.write('more\n')
      expect(await output.deliverPart('the product\n')).to.equal(false)
      expect(output.isProductLost).to.equal(true)
      expect(output.endCode).to.equal(code)
    })
  }

  it('hands on what a command on a host prints as it is, and does not hold it up once nobody reads', async () => {
    const { output, text } = outputTo()
    const source = new PassThrough()
    output.passThrough(source)
    source.end(Buffer.from([0x1b, 0x5b, 0x41]))
    await new Promise((resolve) => source.once('end', resolve))
    expect(text()).to.equal('\u001b[A')
    const gone = new Output(broken('EPIPE'), {})
    const flood = new PassThrough()
    gone.passThrough(flood)
    for (let count = 0; count < 64; count += 1) flood.write(Buffer.alloc(65_536))
    flood.end()
    await new Promise((resolve) => flood.once('end', resolve))
    expect(gone.end).to.equal('closed')
  })
})
