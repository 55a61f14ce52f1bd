import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { terminalPrompt } from './ask-passphrase.ts'

const module = fileURLToPath(new URL('./ask-passphrase.ts', import.meta.url))
const program = `
  const { terminalPrompt } = await import(${JSON.stringify(module)})
  const ask = terminalPrompt()
  const answer = await ask?.('Passphrase for KEY: ')
  console.log('answer:', JSON.stringify(answer))`

describe('asking for a passphrase', function () {
  this.timeout(20_000)
  const words = ['--import', 'tsx', '--input-type=module', '-e', program]

  it('asks nobody where there is no terminal', () => {
    const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', input: 'secret\n' })
    expect(stdout).to.equal('answer: undefined\n')
    if (!process.stdin.isTTY) expect(terminalPrompt()).to.equal(undefined)
  })

  it('takes what is typed on a terminal without showing it', async function () {
    if (spawnSync('script', ['--version']).error !== undefined) return this.skip()
    const quoted = [process.execPath, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const terminal = spawn('script', ['-qec', quoted, '/dev/null'])
    let seen = ''
    terminal.stdout.on('data', (chunk: Buffer) => {
      if (!seen.includes('KEY: ') && (seen + chunk.toString()).includes('KEY: '))
        terminal.stdin.write('open sesame\r')
      seen += chunk.toString()
    })
    await new Promise((resolve) => terminal.once('close', resolve))
    expect(seen.replaceAll('\r', '')).to.match(/^Passphrase for KEY: \nanswer: "open sesame"\n$/)
  })
})
