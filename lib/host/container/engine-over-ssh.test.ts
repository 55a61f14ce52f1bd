import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import Docker from 'dockerode'
import { startLoopbackSshd, needsSshd } from '../../remote/loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../../remote/loopback-sshd.fake.ts'
import type { SshClientOptions } from '../../remote/open-ssh/connect.ts'
import { sshHome } from '../../remote/open-ssh/ssh-home.fake.ts'
import type { SshHome } from '../../remote/open-ssh/ssh-home.fake.ts'
import { reachEngine } from './engine.ts'
import { engineOverSsh } from './engine-over-ssh.ts'
import { pointTestcontainersAt } from './point-testcontainers.ts'

/** What an engine says of itself (docker info of 28.5.2), as far as it is read here. */
const info = {
  ServerVersion: '28.5.2',
  KernelVersion: '6.12.48+deb13-amd64',
  OperatingSystem: 'Debian GNU/Linux 13 (trixie)',
  Architecture: 'x86_64',
}

describe('an engine over SSH', function () {
  this.timeout(60_000)
  let sshd: LoopbackSshd
  let home: SshHome
  let engine: Server
  let answer = JSON.stringify(info)
  let url: string
  let options: SshClientOptions
  const former = process.env['DOCKER_HOST']

  needsSshd()
  before(async () => {
    sshd = await startLoopbackSshd((folder) => {
      mkdirSync(join(folder, 'bin'))
      return [`SetEnv SHLVL=2 PATH=${join(folder, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`]
    })
    const socket = join(sshd.folder, 'engine.sock')
    engine = createServer((request, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.end(request.url?.endsWith('/info') === true ? answer : '{}')
    })
    engine.on('upgrade', (_request, stream) => {
      stream.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
      stream.pipe(stream)
    })
    await new Promise<void>((resolve) => engine.listen(socket, resolve))
    // What `docker system dial-stdio` does: standard input and output, joined to the engine's socket.
    const dial = join(sshd.folder, 'dial.js')
    const connect = `require('net').connect({ path: ${JSON.stringify(socket)}, allowHalfOpen: true })`
    writeFileSync(dial, `const engine = ${connect}\nprocess.stdin.pipe(engine).pipe(process.stdout)\n`)
    docker('dial', `echo "$*" >>${sshd.folder}/calls; exec ${process.execPath} ${dial}`)
    url = `ssh://${sshd.target.username}@127.0.0.1:${sshd.target.port}`
  })
  after(async () => {
    engine?.closeAllConnections()
    engine?.close()
    await sshd?.[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    home = sshHome()
    options = { configFile: home.configFile, askPassphrase: false, env: { home: home.home, environment: {} } }
    answer = JSON.stringify(info)
  })
  afterEach(() => {
    home[Symbol.dispose]()
    if (former === undefined) delete process.env['DOCKER_HOST']
    else process.env['DOCKER_HOST'] = former
  })

  function docker(name: string, script: string): void {
    const file = join(sshd.folder, 'bin/docker')
    writeFileSync(file, `#!/bin/sh\n# ${name}\n${script}\n`)
    chmodSync(file, 0o755)
  }
  const logins = (): number => (sshd.log().match(/(Accepted|Failed|Postponed) publickey/g) ?? []).length

  it('whose host key is unknown is refused before anything of ours is shown', async () => {
    process.env['DOCKER_HOST'] = url
    const before = logins()
    const outcome = await reachEngine()
    expect(outcome)
      .to.be.a('string')
      .that.matches(/^ssh:\/\/\S+ \(DOCKER_HOST\): the host key of \[127.0.0.1\]:\d+ is not known/)
    expect(outcome).to.contain('compare it with')
    expect(logins()).to.equal(before)
  })

  it('is reached through the command of the host, with its port, and testcontainers by the same way', async () => {
    home.trust(sshd)
    process.env['DOCKER_HOST'] = url
    const tunnel = await engineOverSsh(url, options)
    try {
      const reached = await reachEngine()
      if (typeof reached === 'string') throw new Error(reached)
      expect(reached).to.include({ version: '28.5.2', sharesOurKernel: false })
      expect(reached.endpoint).to.deep.equal({ url, source: 'DOCKER_HOST', socketPath: tunnel.socketPath })
      expect(readFileSync(join(sshd.folder, 'calls'), 'utf8')).to.contain('system dial-stdio\n')
      pointTestcontainersAt(reached.endpoint)
      expect(process.env['DOCKER_HOST']).to.equal(`unix://${tunnel.socketPath}`)
      const again = await reachEngine()
      expect(again).to.have.property('endpoint').that.includes({ url })
      const folder = dirname(tunnel.socketPath)
      expect(statSync(folder).mode & 0o777).to.equal(0o700)
      await tunnel[Symbol.asyncDispose]()
      expect(existsSync(folder)).to.equal(false)
    } finally {
      await tunnel[Symbol.asyncDispose]()
    }
  })

  it('carries calls side by side, and streams in both directions to their ends', async () => {
    home.trust(sshd)
    await using tunnel = await engineOverSsh(url, options)
    const client = new Docker({ socketPath: tunnel.socketPath })
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.info()))
    expect(answers.every((one: typeof info) => one.ServerVersion === '28.5.2')).to.equal(true)
    const stream = await client.getExec('x').start({ hijack: true, stdin: true })
    const content = 'y'.repeat(2_000_000)
    stream.end(content)
    let received = ''
    for await (const chunk of stream) received += String(chunk)
    expect(received).to.have.lengthOf(content.length)
  })

  it('says what the host said where docker is not there or may not be used', async () => {
    home.trust(sshd)
    process.env['DOCKER_HOST'] = url
    const file = join(sshd.folder, 'bin/docker')
    const sound = readFileSync(file, 'utf8')
    docker('refused', 'echo "permission denied while trying to connect to the docker API" >&2; exit 1')
    try {
      await using tunnel = await engineOverSsh(url, options)
      expect(tunnel.socketPath).to.be.a('string')
      expect(await reachEngine()).to.match(
        /ended with exit code 1: permission denied .*is docker installed there/,
      )
    } finally {
      unlinkSync(file)
      writeFileSync(file, sound, { mode: 0o755 })
    }
  })

  for (const nonsense of ['"hello"', 'hello', '{}', '{"ServerVersion":7}']) {
    it(`is not taken for one where it answers ${nonsense}`, async () => {
      home.trust(sshd)
      process.env['DOCKER_HOST'] = url
      answer = nonsense
      await using tunnel = await engineOverSsh(url, options)
      expect(tunnel.socketPath).to.be.a('string')
      expect(await reachEngine()).to.match(
        /what answers there is not a Docker engine: its answer lacks ServerVersion/,
      )
    })
  }

  it('takes the path of a socket, and no password', async () => {
    home.trust(sshd)
    await using tunnel = await engineOverSsh(`${url}/run/x.sock`, options)
    await new Docker({ socketPath: tunnel.socketPath }).info()
    expect(readFileSync(join(sshd.folder, 'calls'), 'utf8')).to.contain(
      '--host unix:///run/x.sock system dial-stdio\n',
    )
    const refused = await engineOverSsh('ssh://ops:secret@web1', options).catch((error: unknown) => error)
    expect(refused).to.have.property('code', 'ENGINE_URL')
    expect(String(refused)).not.to.contain('secret')
  })

  it('does not keep a process from ending', async () => {
    home.trust(sshd)
    const here = new URL('engine-over-ssh.ts', import.meta.url).href
    const program = `
      const { engineOverSsh } = await import(${JSON.stringify(here)})
      const { default: Docker } = await import('dockerode')
      const tunnel = await engineOverSsh(${JSON.stringify(url)}, ${JSON.stringify(options)})
      console.log((await new Docker({ socketPath: tunnel.socketPath }).info()).ServerVersion, tunnel.socketPath)`
    const words = ['--import', 'tsx', '--input-type=module', '-e', program]
    const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 30_000 })
    const [version, socket = ''] = stdout.trim().split(' ')
    expect(version).to.equal('28.5.2')
    expect(existsSync(dirname(socket))).to.equal(false)
  })
})
