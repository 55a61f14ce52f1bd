import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startLoopbackSshd, needsSshd } from '../loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { failure, until } from '../remote-contract.fake.ts'
import { sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { sh } from '../../script.ts'

describe('ssh client, proxy commands', function () {
  this.timeout(30_000)
  let sshd: LoopbackSshd
  let home: SshHome

  needsSshd()
  before(async () => {
    sshd = await startLoopbackSshd()
  })
  after(async () => sshd?.[Symbol.asyncDispose]())
  beforeEach(() => {
    home = sshHome()
    home.trust(sshd)
    home.config('Host web1', '  HostName 127.0.0.1', `  Port ${sshd.target.port}`)
  })
  afterEach(() => home[Symbol.dispose]())

  const go = (client: ReturnType<SshHome['client']>): ReturnType<typeof client.connect> =>
    client.connect({ name: 'web1', hostname: 'web1', become: false })

  /** Passes on what it reads to a port, with the node that runs this. */
  function relay(name: string): string {
    const pidFile = home.path(`${name}.pid`)
    const program = [
      `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))`,
      "const socket = require('net').connect(process.argv[3], process.argv[2])",
      'process.stdin.pipe(socket).pipe(process.stdout)',
    ].join('\n')
    writeFileSync(home.path(`${name}.js`), program)
    return `${process.execPath} ${home.path(`${name}.js`)} %h %p`
  }
  const pidOf = (name: string): number => Number(readFileSync(home.path(`${name}.pid`), 'utf8'))

  it('go to the host with what ssh fills in, carry much, and are ended with the connection', async () => {
    home.config('Host web1', `  ProxyCommand ${relay('relay')}`)
    const client = home.client()
    const remote = await go(client)
    const content = 'x'.repeat(3_000_000)
    expect((await remote.exec(sh`cat`, { input: content })).stdout).to.equal(content)
    const pid = pidOf('relay')
    expect(existsSync(`/proc/${pid}`)).to.equal(true)
    // In a session of its own: what interrupts us does not cut the way.
    expect(
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /, '')
        .split(' ')[3],
    ).to.equal(String(pid))
    await client[Symbol.asyncDispose]()
    await until(() => !existsSync(`/proc/${pid}`))
  })

  it('may be ssh itself', async () => {
    copyFileSync(join(sshd.folder, 'user'), home.path('gate'))
    const words = ['ssh', '-F', home.configFile, '-i', home.path('gate'), '-W', '%h:%p', 'gate']
    home.config(`  ProxyCommand ${words.join(' ')}`)
    home.config('Host gate', '  HostName 127.0.0.1', `  Port ${sshd.target.port}`, '  ProxyCommand none')
    await using client = home.client()
    expect((await (await go(client)).exec(sh`echo in`)).stdout).to.equal('in\n')
  })

  it('lead to no host whose key is unknown', async () => {
    home.config('Host web1', `  ProxyCommand ${relay('relay')}`)
    writeFileSync(home.path('known_hosts'), '')
    await using client = home.client()
    expect(await failure(go(client))).to.have.property('code', 'SSH_HOST_KEY')
    await until(() => !existsSync(`/proc/${pidOf('relay')}`))
  })

  it('say why they end', async () => {
    home.config('Host web1', "  ProxyCommand sh -c 'echo no way to %h >&2; exit 3'")
    await using client = home.client()
    const error = await failure(go(client))
    expect(error).to.include({ code: 'SSH_CONNECT', host: 'web1' })
    expect(error.message).to.match(/^the ProxyCommand of ssh_config ended \(on web1\)\n/)
    expect(error.message).to.contain('it ended with exit code 3: no way to 127.0.0.1')
  })

  it('are ended when they lead nowhere in time', async () => {
    home.config('Host web1', `  ProxyCommand sh -c 'echo $$ >${home.path('pid')}; exec sleep 60'`)
    await using client = home.client({ connectTimeoutMs: 500 })
    expect((await failure(go(client))).message).to.contain('Timed out')
    await until(() => existsSync(home.path('pid')))
    const pid = Number(readFileSync(home.path('pid'), 'utf8'))
    await until(() => !existsSync(`/proc/${pid}`))
  })
})
