import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { freePort, generateKey, startLoopbackSshd, needsSshd } from '../loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { RemoteError } from '../remote-error.ts'
import type { SshClientOptions } from './connect.ts'
import { knownLine, sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { sh } from '../../script.ts'

describe('ssh client', function () {
  this.timeout(30_000)
  let sshd: LoopbackSshd
  let home: SshHome

  needsSshd()
  before(async () => {
    sshd = await startLoopbackSshd((folder) => {
      generateKey(join(folder, 'host-ecdsa'), 'ecdsa')
      return [`HostKey ${join(folder, 'host-ecdsa')}`]
    })
  })
  after(async () => sshd?.[Symbol.asyncDispose]())
  beforeEach(() => {
    home = sshHome()
    home.config('Host web1', `  HostName 127.0.0.1`, `  Port ${sshd.target.port}`)
  })
  afterEach(() => home[Symbol.dispose]())

  /** What the host says to whoever gets in; the error if nobody does. */
  async function enter(
    options?: SshClientOptions,
    more: object = {},
  ): Promise<string | RemoteError | InputError> {
    await using client = home.client(options)
    try {
      const remote = await client.connect({ name: 'web1', hostname: 'web1', become: false, ...more })
      return (await remote.exec(sh`echo in`)).stdout
    } catch (error) {
      if (error instanceof RemoteError || error instanceof InputError) return error
      throw error
    }
  }

  async function refused(options?: SshClientOptions, more?: object): Promise<RemoteError | InputError> {
    const outcome = await enter(options, more)
    if (typeof outcome === 'string') throw new Error('it was let in')
    return outcome
  }

  const hostKey = (name: string): string => readFileSync(join(sshd.folder, `${name}.pub`), 'utf8')
  const logins = (): number =>
    (sshd.log().match(/Accepted publickey|Failed publickey|Postponed publickey/g) ?? []).length

  it('goes by ssh_config, the key in its default place and known_hosts', async () => {
    home.trust(sshd)
    expect(await enter()).to.equal('in\n')
  })

  it('goes by what the destination says, without any configuration', async () => {
    home.known(knownLine(sshd))
    const key = join(sshd.folder, 'user')
    const direct = { hostname: '127.0.0.1', port: sshd.target.port, identityFiles: [key] }
    const bare = { configFile: 'none', knownHostsFiles: [home.path('known_hosts')] }
    expect(await enter(bare, direct)).to.equal('in\n')
    expect(await refused(bare, { ...direct, identityFiles: [home.path('no')] })).to.include({
      code: 'SSH_IDENTITY',
    })
  })

  describe('known hosts', () => {
    beforeEach(() => {
      home.trust(sshd)
      writeFileSync(home.path('known_hosts'), '')
    })

    it('lets in by a hashed line', async () => {
      home.known(knownLine(sshd))
      execFileSync('ssh-keygen', ['-q', '-H', '-f', home.path('known_hosts')], { stdio: 'ignore' })
      expect(readFileSync(home.path('known_hosts'), 'utf8')).to.match(/^\|1\|/)
      expect(await enter()).to.equal('in\n')
    })

    it('asks for the kind of key that is known, though the host would rather show another', async () => {
      home.known(knownLine(sshd, hostKey('host-ecdsa')))
      expect(await enter()).to.equal('in\n')
    })

    it('never shows a login key to a host with an unknown, changed or revoked key', async () => {
      const before = logins()
      const unknown = await refused()
      expect(unknown).to.include({ code: 'SSH_HOST_KEY', host: 'web1' })
      expect(unknown.message).to.match(/the host key of \[127.0.0.1\]:\d+ is not known.*\(on web1\)/)
      expect(unknown.message).to.match(/observed: ssh-ed25519 SHA256:\S{43}\n.*'ssh -F \S+ web1' once/)
      home.known(knownLine(sshd, hostKey('other')))
      expect((await refused()).message).to.match(
        /HAS CHANGED.*\n {2}expected: ssh-ed25519 SHA256:\S{43} \(.*known_hosts:1\)/,
      )
      writeFileSync(home.path('known_hosts'), `${knownLine(sshd)}\n@revoked * ${hostKey('host')}`)
      expect((await refused()).message).to.match(/IS REVOKED/)
      expect(logins()).to.equal(before)
    })

    it('stays strict where ssh_config is lax', async () => {
      home.config('StrictHostKeyChecking no', 'UserKnownHostsFile /dev/null')
      expect((await refused()).message).to.match(/'StrictHostKeyChecking no' is not followed/)
    })

    it('names the file in use in what is to be done about an unknown key', async () => {
      const mine = home.path('mine')
      writeFileSync(mine, '')
      const given = (await refused({ knownHostsFiles: [mine] })).message
      expect(given).to.match(/expected: a line for \S+ in \S+mine\n/)
      expect(given).to.match(/'ssh -F \S+ -o UserKnownHostsFile=\S+mine web1' once/)
      expect(given).to.not.contain(home.path('known_hosts'))
      home.config('UserKnownHostsFile /dev/null')
      const none = (await refused()).message
      expect(none).to.match(/expected: a line for \S+ in a file given with --known-hosts\n/)
      expect(none).to.contain('give that with --known-hosts: ssh-keyscan -p ').and.to.contain(' >>FILE')
      expect(none).to.not.contain('/dev/null')
      expect((await refused({ knownHostsFiles: [home.path('no')] })).message).to.contain(
        'do next:  give an existing file with --known-hosts',
      )
    })

    it('goes by files that are given instead', async () => {
      writeFileSync(home.path('mine'), `${knownLine(sshd)}\n`)
      expect(await enter({ knownHostsFiles: [home.path('mine')] })).to.equal('in\n')
      expect(await refused({ knownHostsFiles: [home.path('no')] })).to.include({ code: 'SSH_KNOWN_HOSTS' })
    })
  })

  describe('keys', () => {
    beforeEach(() => home.known(knownLine(sshd)))

    function lockedKey(name: string, type = 'ed25519', format: readonly string[] = []): void {
      generateKey(home.path(name), type)
      const allowed = join(sshd.folder, 'authorized')
      writeFileSync(allowed, readFileSync(home.path(`${name}.pub`)), { flag: 'a' })
      execFileSync('ssh-keygen', [
        '-q',
        '-p',
        '-P',
        '',
        '-N',
        'open sesame',
        ...format,
        '-f',
        home.path(name),
      ])
    }

    it('says which keys the host refused', async () => {
      generateKey(home.path('id_ed25519'))
      const error = await refused()
      expect(error).to.include({ code: 'SSH_AUTH' })
      expect(error.message).to.match(
        /observed: the host took none; offered: .*id_ed25519 \(ed25519 SHA256:\S{43}\)\n/,
      )
      expect(error.message).to.contain('authorized_keys')
    })

    it('says that there was none, one that others can read, and one that is no key', async () => {
      expect((await refused()).message).to.contain('there was no key to offer')
      home.trust(sshd)
      chmodSync(home.path('id_ed25519'), 0o644)
      writeFileSync(home.path('id_rsa'), 'nonsense', { mode: 0o600 })
      const { message } = await refused()
      expect(message).to.contain('id_ed25519 is open to others: chmod 600')
      expect(message).to.contain('id_rsa is not a private key')
    })

    for (const [type, format] of [
      ['ed25519', []],
      ['rsa', []],
      ['ecdsa', []],
      ['rsa', ['-m', 'PEM']],
    ] as const) {
      it(`asks once for the passphrase of a locked ${type} key ${format.join(' ')}, again if it was wrong`, async () => {
        lockedKey(`id_${type}`, type, format)
        const questions: string[] = []
        const answers = ['wrong', 'open sesame']
        const askPassphrase = async (question: string): Promise<string> => {
          questions.push(question)
          return answers.shift() ?? ''
        }
        await using client = home.client({ askPassphrase })
        const remotes = await Promise.all(
          ['a', 'b', 'c'].map((name) => client.connect({ name, hostname: 'web1', become: false })),
        )
        expect((await remotes[2]?.exec(sh`echo in`))?.stdout).to.equal('in\n')
        expect(questions).to.deep.equal(
          Array.from({ length: 2 }, () => `Passphrase for ${home.path(`id_${type}`)}: `),
        )
      })
    }

    it('asks for no passphrase where the host does not want the key, or another one does', async () => {
      generateKey(home.path('id_rsa'), 'rsa', 'secret')
      copyFileSync(join(sshd.folder, 'user'), home.path('id_ed25519'))
      const askPassphrase = async (): Promise<string> => Promise.reject(new Error('it asked'))
      expect(await enter({ askPassphrase })).to.equal('in\n')
    })

    it('says what to do about a locked key where nobody can be asked', async () => {
      lockedKey('id_ed25519')
      const { message, code } = await refused()
      expect(code).to.equal('SSH_AUTH')
      expect(message).to.contain(
        'would be taken, but is encrypted and there is no terminal to ask for its passphrase',
      )
      expect(message).to.contain(`do next:  'ssh-add ${home.path('id_ed25519')}'`)
    })

    it('gives a person the time to type, beyond the time for connecting', async () => {
      lockedKey('id_ed25519')
      const askPassphrase = (): Promise<string> =>
        new Promise((resolve) => setTimeout(resolve, 1_500, 'open sesame'))
      expect(await enter({ askPassphrase, connectTimeoutMs: 1_000 })).to.equal('in\n')
    })
  })

  describe('agent', () => {
    let socket: string
    let pid: number
    beforeEach(() => {
      home.known(knownLine(sshd))
      socket = join(home.home, 'agent')
      const words = execFileSync('ssh-agent', ['-a', socket, '-s'], { encoding: 'utf8' })
      pid = Number(/SSH_AGENT_PID=(\d+)/.exec(words)?.[1])
    })
    afterEach(() => void (pid > 1 && process.kill(pid, 'SIGTERM')))

    function add(file: string): void {
      execFileSync('ssh-add', ['-q', file], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      })
    }

    for (const type of ['ed25519', 'rsa', 'ecdsa']) {
      it(`signs with an ${type} key that is nowhere else`, async () => {
        const key = join(home.home, `key-${type}`)
        generateKey(key, type)
        writeFileSync(join(sshd.folder, 'authorized'), readFileSync(`${key}.pub`), { flag: 'a' })
        add(key)
        expect(await enter({ agentSocket: socket })).to.equal('in\n')
        expect(await enter({ env: { home: home.home, environment: { SSH_AUTH_SOCK: socket } } })).to.equal(
          'in\n',
        )
        expect((await refused({ agentSocket: false })).message).to.contain('no key to offer')
        home.config(`IdentityAgent ${socket}`)
        expect(await enter({ agentSocket: false })).to.equal('in\n')
      })
    }

    it('signs for a locked key file that it holds, and only for named ones with IdentitiesOnly', async () => {
      copyFileSync(join(sshd.folder, 'user'), home.path('mine'))
      add(home.path('mine'))
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', home.path('mine')])
      generateKey(home.path('noise'))
      add(home.path('noise'))
      home.config('Host web1', 'IdentitiesOnly yes', `IdentityFile ${home.path('noise')}`)
      expect((await refused({ agentSocket: socket })).message).not.to.contain(home.path('mine'))
      home.config(`IdentityFile ${home.path('mine')}`)
      expect(await enter({ agentSocket: socket })).to.equal('in\n')
    })

    it('says what to do when the agent holds more keys than the host listens to', async () => {
      for (let n = 0; n < 7; n += 1) {
        generateKey(join(home.home, `key${n}`))
        add(join(home.home, `key${n}`))
      }
      const { message } = await refused({ agentSocket: socket })
      expect(message).to.match(/Too many authentication failures/)
      expect(message).to.contain("'IdentitiesOnly yes'")
    })

    it('does without an agent that is gone, and says so', async () => {
      expect((await refused({ agentSocket: join(home.home, 'gone') })).message).to.match(
        /the agent at .*gone does not answer/,
      )
      home.trust(sshd)
      expect(await enter({ agentSocket: join(home.home, 'gone') })).to.equal('in\n')
    })
  })

  it('begins a handshake again that was refused for the number of them', async () => {
    let refusals = 3
    await using door = await doorTo(sshd.target.port, () => (refusals -= 1) >= 0)
    home.trust(sshd)
    home.known(knownLine(sshd).replace(String(sshd.target.port), String(door.port)))
    expect(await enter({}, { port: door.port })).to.equal('in\n')
    expect(refusals).to.be.lessThan(0)
    refusals = Infinity
    const error = await refused({}, { port: door.port })
    expect(error.message).to.match(/Connection lost before handshake[\s\S]*MaxStartups/)
  })

  it('names a host that nobody knows, and one where nothing listens', async () => {
    const gone = await refused({}, { hostname: 'nowhere.invalid' })
    expect(gone.message).to.match(
      /no SSH connection to nowhere.invalid:22 \(on web1\)[\s\S]*is the name right/,
    )
    expect((await refused({}, { port: await freePort() })).message).to.contain('nothing listens there')
  })

  it('gives up when told to', async () => {
    const aborter = new AbortController()
    aborter.abort()
    home.trust(sshd)
    expect((await refused({ signal: aborter.signal })).message).to.contain('aborted')
  })
})

/** Hangs up on those it refuses before a word was said, as sshd does beyond MaxStartups. */
async function doorTo(port: number, refuses: () => boolean): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (refuses())
      return void near
        .on('error', () => undefined)
        .end()
        .resume()
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined))
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
