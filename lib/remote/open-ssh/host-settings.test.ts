import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { InputError, SwarmproofError } from '../../error.ts'
import { refuseUnsafeNames } from './command-tokens.ts'
import type { SshDestination } from './destination.ts'
import { hostSettings, openSshDefaults } from './host-settings.ts'
import type { HostSettings } from './host-settings.ts'
import { runOpenSshProgram } from './openssh-program.ts'
import { sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { sshEnvironment } from './ssh-environment.ts'

describe('settings of a host', () => {
  let home: SshHome
  before(async function () {
    const found = await runOpenSshProgram('ssh', ['-V']).catch((error: unknown) => error)
    if (found instanceof Error) this.skip()
  })
  beforeEach(() => (home = sshHome()))
  afterEach(() => home[Symbol.dispose]())

  function settings(host: string, more: Partial<SshDestination> = {}): Promise<HostSettings> {
    const around = sshEnvironment({ home: home.home, uid: 1000, environment: { KEYS: '/keys' } })
    const defaults = (): ReturnType<typeof openSshDefaults> => openSshDefaults(around.environment)
    return hostSettings(
      { name: host, hostname: host, ...more },
      { around, configFile: home.configFile, defaults },
    )
  }

  async function refusal(host: string, more: Partial<SshDestination> = {}): Promise<string> {
    const outcome = await settings(host, more).catch((error: unknown) => error)
    expect(outcome).to.be.instanceOf(InputError)
    return (outcome as InputError).message
  }

  const paths = (found: HostSettings): string[] =>
    found.identityFiles.map(({ path, from }) => `${from} ${path}`)

  it('are defaults of the client here where nothing is written', async () => {
    const found = await settings('web1')
    expect(found).to.include({ hostname: 'web1', port: 22, identitiesOnly: false, batchMode: false })
    expect(paths(found)).to.include(`default ${home.path('id_ed25519')}`)
    expect(found.proxyJump).to.deep.equal([])
    expect(found).not.to.have.any.keys(
      'proxyCommand',
      'laxChecking',
      'keepaliveIntervalMs',
      'connectTimeoutMs',
    )
    expect(found.algorithms.serverHostKey[0]).to.equal('ssh-ed25519')
    // The first of ssh2, which is the fastest here, not of OpenSSH.
    expect(found.algorithms.cipher[0]).to.equal('aes128-gcm@openssh.com')
  })

  it('are what was asked for before what is written', async () => {
    home.config('Host web1', 'User deploy', 'Port 2222', 'IdentityFile ~/.ssh/b', 'ProxyJump bastion')
    const own = { user: 'root', port: 22, identityFiles: ['/a'], proxyJump: 'none' }
    const found = await settings('web1', own)
    expect(found).to.include({ user: 'root', port: 22 })
    expect(paths(found)).to.deep.equal(['asked /a', `config ${home.path('b')}`])
    expect(found.proxyJump).to.deep.equal([])
    expect(paths(await settings('other', { identityFiles: ['/a'] }))).to.deep.equal(['asked /a'])
    const options = ['Port=23', 'User=ansible', 'ConnectTimeout=7']
    expect(await settings('web1', { options, user: 'me' })).to.include({
      port: 23,
      user: 'me',
      connectTimeoutMs: 7_000,
    })
  })

  it('have ssh follow what it alone knows: Match exec, Include, tokens, canonical names', async () => {
    writeFileSync(home.path('more'), 'Match exec "test $KEYS"\n  Port 2201\n')
    home.config(`Include ${home.path('more')}`, 'Host web*', 'HostName %h.example', 'User deploy')
    home.config('IdentityFile ~/.ssh/%n-%h-%p-%r-%%', 'IdentityFile ${KEYS}/x', 'IdentityFile "~/a b"')
    const found = await settings('web1')
    expect(found).to.include({ hostname: 'web1.example', port: 2201 })
    expect(paths(found)).to.deep.equal([
      `config ${home.path('web1-web1.example-2201-deploy-%')}`,
      'config /keys/x',
      `config ${home.home}/a b`,
    ])
  })

  it('say how strictly keys are checked, and times', async () => {
    home.config('Host a', 'ConnectTimeout 1m30', 'ServerAliveInterval 15', 'ServerAliveCountMax 2')
    home.config(
      'StrictHostKeyChecking accept-new',
      'HostKeyAlias real',
      'UserKnownHostsFile ~/k1 /k2',
      'BatchMode yes',
    )
    const found = await settings('a')
    expect(found).to.include({ connectTimeoutMs: 90_000, keepaliveIntervalMs: 15_000, keepaliveMisses: 2 })
    expect(found).to.include({ laxChecking: 'accept-new', hostKeyAlias: 'real', batchMode: true })
    expect(found.knownHostsFiles[1]).to.equal('/k2')
    home.config(
      'Host b',
      'StrictHostKeyChecking off',
      'IdentityAgent none',
      'AddressFamily inet6',
      'CheckHostIP yes',
    )
    expect(await settings('b')).to.include({
      agentSocket: false,
      addressFamily: 6,
      laxChecking: 'no',
      checkHostIp: true,
    })
  })

  it('tell names of files with blanks from several files', async () => {
    const blank = home.path('known 2')
    writeFileSync(blank, '')
    home.config('Host c', `UserKnownHostsFile /k1 "${blank}" /k3`, 'GlobalKnownHostsFile none')
    expect((await settings('c')).knownHostsFiles).to.deep.equal(['/k1', blank, '/k3'])
    for (const [host, names] of [
      ['d', '"/k 2"'],
      ['e', '/k relative'],
      ['f', 'relative'],
    ] as const) {
      home.config(`Host ${host}`, `UserKnownHostsFile ${names}`)
      expect(await refusal(host)).to.contain('userknownhostsfile names a file by a relative name')
    }
  })

  it('take the first of ProxyJump and ProxyCommand, with their tokens', async () => {
    home.config('Host a', 'ProxyJump ops@%h-gate:33,b', 'ProxyCommand nc %h %p')
    home.config(
      'Host c',
      'HostName C.example',
      'User me',
      'ProxyCommand nc -x "a b" %h %p # %n %r %%',
      'ProxyJump b',
    )
    expect((await settings('a')).proxyJump).to.deep.equal(['ops@a-gate:33', 'b'])
    const found = await settings('c', { port: 24 })
    expect(found.proxyCommand).to.equal('nc -x "a b" c.example 24 # c me %')
    expect(found.proxyJump).to.deep.equal([])
    expect((await settings('c', { proxyJump: 'd, 192.0.2.7:33' })).proxyJump).to.deep.equal([
      'd',
      '192.0.2.7:33',
    ])
    home.config('Host d', 'ProxyCommand none')
    expect(await settings('d')).not.to.have.property('proxyCommand')
  })

  for (const [line, said] of [
    ['PubkeyAuthentication no', 'PubkeyAuthentication is not supported'],
    ['PreferredAuthentications password,keyboard-interactive', 'PreferredAuthentications is not supported'],
    ['BindInterface lo', 'BindInterface is not supported'],
    ['KnownHostsCommand /bin/true', 'KnownHostsCommand is not supported'],
    ['ProxyUseFdpass yes', 'ProxyUseFdpass is not supported'],
    ['ProxyCommand -', 'ProxyCommand is not supported'],
    ['Ciphers aes256-cbc', 'Ciphers of the SSH configuration leaves nothing'],
    ['MACs umac-128@openssh.com', 'MACs of the SSH configuration leaves nothing'],
    [
      'KexAlgorithms sntrup761x25519-sha512@openssh.com',
      'KexAlgorithms of the SSH configuration leaves nothing',
    ],
    [
      'HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com',
      'HostKeyAlgorithms of the SSH configuration leaves nothing',
    ],
    [
      'PubkeyAcceptedAlgorithms sk-ssh-ed25519@openssh.com',
      'PubkeyAcceptedAlgorithms of the SSH configuration',
    ],
    ['Port 70000', 'ssh refuses the SSH configuration of web1'],
    ['NoSuchKeyword yes', 'ssh refuses the SSH configuration of web1'],
    ['IdentityFile ~/%z', 'ssh refuses the SSH configuration of web1'],
    ['ProxyCommand nc %z', "'%z' in 'nc %z' cannot be expanded"],
  ] as const) {
    it(`refuse '${line}' by name, for the host it holds for alone`, async () => {
      home.config('Host web1', line)
      expect(await refusal('web1')).to.contain(said)
      if (!said.startsWith('ssh refuses')) expect(await settings('db')).to.include({ port: 22 })
    })
  }

  it('keep to the algorithms that a configuration leaves, in its order, and to nothing it adds', async () => {
    home.config(
      'Host a',
      'HostKeyAlgorithms ssh-ed25519',
      'Ciphers aes256-ctr,aes128-gcm@openssh.com',
      'RequiredRSASize 3072',
    )
    home.config(
      'PubkeyAcceptedAlgorithms ssh-ed25519',
      'MACs -hmac-sha1*,hmac-sha2-256*',
      'KexAlgorithms +diffie-hellman-group1-sha1',
    )
    const { algorithms } = await settings('a')
    expect(algorithms).to.deep.include({
      serverHostKey: ['ssh-ed25519'],
      cipher: ['aes256-ctr', 'aes128-gcm@openssh.com'],
      publicKey: ['ssh-ed25519'],
      hmac: ['hmac-sha2-512-etm@openssh.com', 'hmac-sha2-512'],
      leastRsaBits: 3072,
    })
    expect(algorithms.kex).to.include('curve25519-sha256').and.not.to.include('diffie-hellman-group1-sha1')
  })

  it('refuse names that ssh would take for options, and a shell for more than a name', async () => {
    for (const hostname of ['-oProxyCommand=id', 'a;id', 'a b', '$(id)', 'a\nb', 'a@b', 'a/b'])
      expect(await refusal(hostname), hostname).to.contain(
        'holds characters that a shell or ssh would interpret',
      )
    expect(await refusal('')).to.contain('neither a name nor an address')
    for (const user of ['-x', 'a;id', '$(id)', 'a\nb', 'a -b', '$HOME', ''])
      expect(await refusal('web1', { user }), user).to.contain('the user of a host for SSH')
    home.config('Host web1', 'HostName a`id`')
    expect(await refusal('web1')).to.contain('"a`id`"')
    expect(await refusal('web2', { options: ['Port=1\nProxyCommand id'] })).to.contain(
      'holds a control character',
    )
    expect(await settings('web2', { user: 'night shift' })).to.include({ user: 'night shift' })
  })

  it('let no name of a host through that is more than one word of a shell', () => {
    const words: string[] = []
    for (let code = 0; code < 256; code += 1) {
      const char = String.fromCharCode(code)
      for (const name of [`a${char}b`, `${char}b`, `a${char}`]) {
        try {
          refuseUnsafeNames(name, undefined, name)
          words.push(name)
        } catch (error) {
          expect(error).to.be.instanceOf(InputError)
        }
      }
    }
    expect(words.length).to.be.greaterThan(400)
    // As in a ProxyCommand that joins it to something.
    const script = `printf '%s\\n' ${words.map((word) => `x:${word}`).join(' ')}`
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', cwd: home.home })
    expect(stdout.split('\n').slice(0, -1)).to.deep.equal(words.map((word) => `x:${word}`))
  })

  it('refuse a file that is not there', async () => {
    expect(await refusal('a', { configFile: home.path('no') })).to.match(
      /ssh refuses.*\n {2}observed: .*\n.*ssh -G -F/,
    )
  })

  it('say what to install where there is no client', async () => {
    const around = sshEnvironment({ environment: { PATH: '/nowhere' } })
    const defaults = (): ReturnType<typeof openSshDefaults> => openSshDefaults(around.environment)
    const sources = { around, configFile: undefined, defaults }
    const outcome = await hostSettings({ name: 'a', hostname: 'a' }, sources).catch((error: unknown) => error)
    expect(outcome).to.be.instanceOf(SwarmproofError).with.property('code', 'SSH_CLIENT_MISSING')
    expect((outcome as SwarmproofError).hint).to.equal('apt-get install openssh-client')
  })
})
