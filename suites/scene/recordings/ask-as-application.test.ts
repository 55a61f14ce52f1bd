import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const script = join(import.meta.dirname, 'ask-as-application.sh')

interface Looked {
  readonly code: number
  readonly seconds: number
  readonly addresses: readonly string[]
}

/** Below /var/tmp, since the script lays a file system of its own over /tmp. */
describe('the look-up of a name by a program', function () {
  this.timeout(30_000)
  let folder = ''
  before(function () {
    if (process.getuid?.() !== 0) return this.skip()
    folder = mkdtempSync('/var/tmp/swarmproof-getent-')
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  /** `getent` is this script; each look-up adds a line to the file `asked`. */
  const lookUp = (getent: string): Looked & { readonly asked: number } => {
    const [program, asked] = [join(folder, 'getent'), join(folder, 'asked')]
    writeFileSync(program, `#!/bin/sh\necho "$*" >>${asked}\n${getent.replaceAll('ASKED', asked)}\n`)
    chmodSync(program, 0o755)
    writeFileSync(asked, '')
    const settings = { mark: '##', pid: String(process.pid), limit: '6', patience: '2' }
    const env = { PATH: `${folder}:${process.env['PATH']}`, ...settings }
    const { stdout, stderr } = spawnSync('sh', [script, 'web'], { env, encoding: 'utf8' })
    const [head = '', ...lines] = stdout.slice(stdout.indexOf('## name')).trimEnd().split('\n')
    const [, , name, code, from, until] = head.split(' ')
    expect(name, stdout + stderr).to.equal('web')
    const times = spawnSync('grep', ['-c', '^-s dns ahosts web$', asked], { encoding: 'utf8' }).stdout
    return {
      code: Number(code),
      seconds: Number(until) - Number(from),
      addresses: lines.filter((line) => !line.startsWith('##')),
      asked: Number(times),
    }
  }
  const answer = `printf '%s\\n' '10.0.1.5 STREAM web' '10.0.1.5 DGRAM' '10.0.1.6 STREAM'`

  it('that answers at once is made once', () => {
    const looked = lookUp(answer)
    expect(looked).to.deep.include({ code: 0, asked: 1, addresses: ['10.0.1.5', '10.0.1.6'] })
    expect(looked.seconds).to.be.below(2)
  })

  it('that waits once is made again, and the second counts', () => {
    const looked = lookUp(`[ "$(wc -l <ASKED)" -gt 1 ] || sleep 3.2\n${answer}`)
    expect(looked).to.deep.include({ code: 0, asked: 2, addresses: ['10.0.1.5', '10.0.1.6'] })
    expect(looked.seconds).to.be.below(2)
  })

  it('that waits each time is told with the time it took', () => {
    const looked = lookUp(`sleep 3.2\n${answer}`)
    expect(looked).to.deep.include({ code: 0, asked: 2, addresses: ['10.0.1.5', '10.0.1.6'] })
    expect(looked.seconds).to.be.within(3, 6)
  })

  it('that finds nothing, or never ends, gives the exit code of it', () => {
    expect(lookUp('exit 2')).to.deep.include({ code: 2, asked: 1, addresses: [] })
    expect(lookUp('sleep 60')).to.deep.include({ code: 124, asked: 2, addresses: [] })
  })
})
