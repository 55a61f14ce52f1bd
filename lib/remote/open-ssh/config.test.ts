import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { readConfigFile } from './config-file.ts'
import type { SshDestination } from './destination.ts'
import { hostSettings } from './host-settings.ts'
import type { HostSettings } from './host-settings.ts'
import { sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { surroundings } from './surroundings.ts'

const hasSsh = spawnSync('ssh', ['-V']).status === 0

describe('ssh_config', () => {
  let home: SshHome
  beforeEach(() => (home = sshHome()))
  afterEach(() => home[Symbol.dispose]())

  function settings(host: string, more: Partial<SshDestination> = {}): HostSettings {
    const around = surroundings({
      home: home.home,
      localUser: 'me',
      localHost: 'desk.example',
      uid: 1000,
      environment: { KEYS: '/keys' },
    })
    const lines = readConfigFile(home.path('config'), { home: home.home, optional: false })
    return hostSettings({ name: host, hostname: host, ...more }, lines, around)
  }

  function refusal(host: string, more: Partial<SshDestination> = {}): string {
    try {
      settings(host, more)
    } catch (error) {
      expect(error).to.be.instanceOf(InputError)
      return (error as InputError).message
    }
    throw new Error('it was not refused')
  }

  it('gives defaults where it says nothing', () => {
    const found = settings('web1')
    expect(found).to.include({ hostname: 'web1', port: 22, user: 'me', identitiesOnly: false })
    expect(found.identityFiles.map(({ path, from }) => [path.replace(home.home, '~'), from])).to.deep.equal([
      ['~/.ssh/id_rsa', 'default'],
      ['~/.ssh/id_ecdsa', 'default'],
      ['~/.ssh/id_ecdsa_sk', 'default'],
      ['~/.ssh/id_ed25519', 'default'],
      ['~/.ssh/id_ed25519_sk', 'default'],
    ])
    expect(found.knownHostsFiles[0]).to.equal(home.path('known_hosts'))
    expect(found.knownHostsFiles).to.include('/etc/ssh/ssh_known_hosts')
    expect(found.proxyJump).to.deep.equal([])
  })

  it('lets what was asked for go before the file', () => {
    home.config('Host web1', 'User deploy', 'Port 2222', 'IdentityFile ~/.ssh/b', 'ProxyJump bastion')
    const found = settings('web1', { user: 'root', port: 22, identityFiles: ['~/a'], proxyJump: 'none' })
    expect(found).to.include({ user: 'root', port: 22 })
    expect(found.identityFiles).to.deep.equal([
      { path: `${home.home}/a`, from: 'asked' },
      { path: home.path('b'), from: 'config' },
    ])
    expect(found.proxyJump).to.deep.equal([])
  })

  it('replaces tokens, ~ and variables in names of files', () => {
    home.config('Host web*', 'HostName %h.example', 'User deploy', 'Port 2200')
    home.config('IdentityFile ~/.ssh/%n-%h-%p-%r-%u-%L-%l-%i-%%', 'IdentityFile ${KEYS}/%d')
    expect(settings('web1').identityFiles.map(({ path }) => path)).to.deep.equal([
      home.path('web1-web1.example-2200-deploy-me-desk-desk.example-1000-%'),
      `/keys/${home.home}`,
    ])
    home.config('Host db', 'IdentityFile ~/%C')
    expect(refusal('db')).to.match(/config:8: '%C' in '.*%C' cannot be replaced/)
    home.config('Host ha', 'IdentityFile ${NOWHERE}/x')
    expect(refusal('ha')).to.match(/config:10: the environment variable NOWHERE/)
  })

  it('understands times, and what says how strictly keys are checked', () => {
    home.config('Host a', 'ConnectTimeout 1m30', 'ServerAliveInterval 15', 'ServerAliveCountMax 2')
    home.config('StrictHostKeyChecking accept-new', 'HostKeyAlias real', 'UserKnownHostsFile ~/k1 "/k 2"')
    const found = settings('a')
    expect(found).to.include({ connectTimeoutMs: 90_000, keepaliveIntervalMs: 15_000, keepaliveMisses: 2 })
    expect(found.laxChecking).to.deep.equal({
      value: 'accept-new',
      place: { file: home.path('config'), line: 5 },
    })
    expect(found.hostKeyAlias).to.equal('real')
    expect(found.knownHostsFiles.slice(0, 2)).to.deep.equal([`${home.home}/k1`, '/k 2'])
    home.config(
      'Host b',
      'ServerAliveInterval 0',
      'StrictHostKeyChecking ask',
      'IdentityAgent none',
      'AddressFamily inet6',
    )
    expect(settings('b')).to.include({ agentSocket: false, addressFamily: 6 })
    expect(settings('b')).not.to.have.any.keys('keepaliveIntervalMs', 'laxChecking')
  })

  it('reads what is included, nested and with wildcards, where it is included', () => {
    mkdirSync(home.path('config.d'))
    writeFileSync(home.path('config.d/10-a'), 'User first\nHost web1\n  Port 2201\n')
    writeFileSync(home.path('config.d/20-b'), 'User second\nInclude more\n')
    writeFileSync(home.path('more'), 'Host *\n  Port 2202\n')
    home.config('Host web*', '  Include config.d/*', 'Host *', '  User last')
    expect(settings('web1')).to.include({ user: 'first', port: 2201 })
    expect(settings('web2')).to.include({ user: 'first', port: 2202 })
    expect(settings('db')).to.include({ user: 'last', port: 22 })
    home.config('Host x', 'Include */config')
    expect(refusal('x')).to.contain(`config:6: Include */config: a wildcard in a folder's name`)
    writeFileSync(home.path('config'), 'Include config\n')
    expect(refusal('x')).to.contain('config:1: Include is nested more than 16 deep')
  })

  it('refuses what it cannot follow with file, line and host, but only for that host', () => {
    home.config(
      '# a comment',
      '',
      'Host old',
      '  ProxyCommand ssh -W %h:%p bastion',
      'Host new',
      '  ProxyCommand none',
    )
    expect(refusal('old')).to.match(
      /config:4: proxycommand is not supported.*\(on old\)\n {2}observed: proxycommand ssh -W %h:%p bastion\n {2}do next: .*ProxyJump bastion/,
    )
    expect(settings('new').proxyJump).to.deep.equal([])
    home.config('Host pw', '  PubkeyAuthentication no', 'Host dns', '  CanonicalizeHostname always')
    expect(refusal('pw')).to.contain('config:8: pubkeyauthentication is not supported')
    expect(refusal('dns')).to.contain('config:10: canonicalizehostname is not supported')
    home.config('Host p', '  Port ssh')
    expect(refusal('p')).to.match(/config:12: port is 'ssh'\n {2}expected: 1 to 65535/)
  })

  it('takes the first of ProxyJump and ProxyCommand', () => {
    home.config(
      'Host a',
      'ProxyJump b',
      'ProxyCommand nc %h %p',
      'Host c',
      'ProxyCommand nc %h %p',
      'ProxyJump b',
    )
    expect(settings('a').proxyJump).to.deep.equal(['b'])
    expect(refusal('c')).to.contain('config:5: proxycommand')
    expect(settings('c', { proxyJump: 'd, e' }).proxyJump).to.deep.equal(['d', 'e'])
  })

  it('runs no command that Match asks for, and refuses it only where it could matter', () => {
    home.config(
      'Match host web* exec "touch /nowhere/x"',
      '  Port 2222',
      'Match exec true',
      '  ForwardX11 yes',
    )
    expect(refusal('web1')).to.match(/config:1: 'Match exec' is not supported \(on web1\)/)
    expect(settings('db').port).to.equal(22)
  })

  it('refuses a file that is none, or that is not there', () => {
    home.config('Host "a')
    expect(refusal('a')).to.contain('is not an SSH configuration')
    const missing = (): unknown => readConfigFile(home.path('no'), { home: home.home, optional: false })
    expect(missing).to.throw(InputError, 'cannot read the SSH configuration')
    expect(readConfigFile(home.path('no'), { home: home.home, optional: true })).to.deep.equal([])
    for (const rest of ['', '\nPort 22\n', ' ""\n']) {
      writeFileSync(home.path('config'), `Host a\nUser${rest}`)
      expect(refusal('a')).to.contain('config:2: User has no value')
    }
  })

  describe('agrees with ssh -G', () => {
    const file = [
      'User = global # a comment',
      'Host web1 web2',
      '  HostName "10.0.0.1"',
      '\tPort=2222',
      '  IdentityFile ~/.ssh/one',
      'host *.example !secret.example',
      '  hostname %h.org',
      '  USER second',
      '  IdentityFile /two',
      '  IdentitiesOnly yes',
      'Host ?b db-??',
      '  ProxyJump a@j1:1,j2',
      '  HostKeyAlias base',
      'Match originalhost web2 user global',
      '  Port 99',
      '  ConnectTimeout 7',
      'Match host 10.0.0.1 !user root',
      '  ServerAliveInterval 33',
      'Match !host *.org,web*',
      '  ServerAliveCountMax 9',
      'Match all',
      '  IdentityFile ~/.ssh/%h-last',
      'Host * !web1',
      '  Port 7',
      '  AddressFamily inet',
      'Host !*',
      '  Port 8',
    ]
    const hosts = [
      'web1',
      'web2',
      'x.example',
      'secret.example',
      'db',
      'bb',
      'db-12',
      'db-123',
      'WEB1',
      '10.0.0.1',
      '::1',
    ]
    for (const host of hosts) {
      it(`about ${host}`, function () {
        if (!hasSsh) return this.skip()
        home.config(...file)
        const text = spawnSync('ssh', ['-G', '-F', home.path('config'), host], { encoding: 'utf8' }).stdout
        const theirs = (keyword: string): string[] =>
          [...text.matchAll(new RegExp(`^${keyword} (.*)$`, 'gm'))].map(([, value]) => value ?? '')
        const ours = settings(host)
        expect([ours.hostname]).to.deep.equal(theirs('hostname'))
        expect([ours.user]).to.deep.equal(theirs('user'))
        expect([String(ours.port)]).to.deep.equal(theirs('port'))
        // ssh -G leaves tokens as they are.
        const expected = theirs('identityfile').map((name) =>
          name.replace(/^~/, home.home).replaceAll('%h', ours.hostname),
        )
        expect(ours.identityFiles.map(({ path }) => path)).to.deep.equal(expected)
        expect([ours.identitiesOnly ? 'yes' : 'no']).to.deep.equal(theirs('identitiesonly'))
        expect(ours.proxyJump.length === 0 ? [] : [ours.proxyJump.join(',')]).to.deep.equal(
          theirs('proxyjump'),
        )
        expect(ours.hostKeyAlias === undefined ? [] : [ours.hostKeyAlias]).to.deep.equal(
          theirs('hostkeyalias'),
        )
        expect([(ours.keepaliveIntervalMs ?? 0) / 1000].map(String)).to.deep.equal(
          theirs('serveraliveinterval'),
        )
        expect([String(ours.keepaliveMisses ?? 3)]).to.deep.equal(theirs('serveralivecountmax'))
        expect([ours.addressFamily === 4 ? 'inet' : 'any']).to.deep.equal(theirs('addressfamily'))
        expect(
          [(ours.connectTimeoutMs ?? 0) / 1000].map((s) => (s === 0 ? 'none' : String(s))),
        ).to.deep.equal(theirs('connecttimeout'))
      })
    }
  })
})
