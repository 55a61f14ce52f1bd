import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { generateKey } from '../loopback-sshd.fake.ts'
import type { HostSettings } from './host-settings.ts'
import { knownHostCheck } from './known-host-check.ts'
import { knownName, readKnownHosts } from './known-hosts.ts'
import { sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

describe('known_hosts', function () {
  let home: SshHome
  /** `type base64` by name. */
  const keys: Record<string, string> = {}
  before(function () {
    if (!hasKeygen) return this.skip()
    using folder = sshHome()
    for (const name of ['good', 'bad', 'third']) {
      generateKey(folder.path(name))
      keys[name] = readFileSync(folder.path(`${name}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' ')
    }
    generateKey(folder.path('rsa'), 'rsa')
    keys['rsa'] = readFileSync(folder.path('rsa.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  })
  beforeEach(() => (home = sshHome()))
  afterEach(() => home[Symbol.dispose]())

  const file = (): string => home.path('known_hosts')
  const blob = (name: string): Buffer => Buffer.from(keys[name]?.split(' ')[1] ?? '', 'base64')

  function check(more: Partial<HostSettings> = {}): ReturnType<typeof knownHostCheck> {
    const settings: HostSettings = {
      ...{
        hostname: 'web1',
        port: 22,
        user: 'root',
        identityFiles: [],
        identitiesOnly: false,
        proxyJump: [],
      },
      knownHostsFiles: [file()],
      ...more,
    }
    return knownHostCheck(readKnownHosts([file()]), { settings, sshCommand: 'ssh web1' })
  }

  it('finds the same lines as ssh-keygen -F, plain, hashed, with ports and wildcards', () => {
    home.known(
      '# a comment',
      '',
      `web1,10.0.0.1 ${keys['good']}`,
      `[web1]:2222 ${keys['good']} a comment`,
      `*.example,!secret.example ${keys['good']}`,
      `  Web2 ${keys['good']}`,
      `2001:db8::1 ${keys['good']}`,
      `[2001:db8::1]:2222 ${keys['good']}`,
      `hash.one,x ${keys['good']}`,
      `[hash.two]:99 ${keys['bad']}`,
      `web? ${keys['third']}`,
      `@revoked web1 ${keys['third']}`,
      `@cert-authority *.example ${keys['third']}`,
    )
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file()], { stdio: 'ignore' })
    const lines = readKnownHosts([file()])
    const names = [
      'web1',
      'web2',
      'web11',
      '10.0.0.1',
      '[web1]:2222',
      '[web1]:2223',
      'a.example',
      'secret.example',
      'hash.one',
    ]
    for (const name of [
      ...names,
      'x',
      '[hash.two]:99',
      'hash.two',
      '2001:db8::1',
      '[2001:db8::1]:2222',
      'nothing',
    ]) {
      const found = spawnSync('ssh-keygen', ['-F', name, '-f', file()], { encoding: 'utf8' }).stdout
      const theirs = [...found.matchAll(/ found: line (\d+)/g)].map(([, line]) => Number(line))
      const ours = lines.filter((line) => line.names(name)).map((line) => line.place.line)
      expect(ours, name).to.deep.equal(theirs)
    }
    expect(readFileSync(file(), 'utf8')).to.match(/^\|1\|/m)
  })

  it('writes names as ssh does', () => {
    expect([knownName('Web1', 22), knownName('web1', 2222)]).to.deep.equal(['web1', '[web1]:2222'])
    expect(knownName('2001:DB8::1', 2222)).to.equal('[2001:db8::1]:2222')
  })

  it('accepts any of several keys, and asks for the kinds it knows first', () => {
    home.known(`web1 ${keys['rsa']}`, `web1 ${keys['good']}`, `web1 ${keys['third']}`)
    expect(['rsa', 'good', 'third'].map((name) => check().refusal(blob(name)))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ])
    expect(check().algorithms.slice(0, 3)).to.deep.equal(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'])
    expect(check().algorithms).not.to.include('ssh-rsa')
  })

  it('refuses an unknown key with its fingerprint and what to do', () => {
    const message = check({ port: 2222 }).refusal(blob('good'))
    const fingerprint = execFileSync('ssh-keygen', ['-lf', '-'], {
      input: keys['good'],
      encoding: 'utf8',
    }).split(' ')[1]
    expect(message?.what).to.equal('the host key of [web1]:2222 is not known, so the host may be another one')
    expect(message?.observed).to.equal(`ssh-ed25519 ${fingerprint}`)
    expect(message?.hint)
      .to.contain("'ssh web1' once")
      .and.contain(`ssh-keyscan -p 2222 -t ed25519 web1 >>${file()}`)
    expect(check({ proxyJump: ['bastion'] }).refusal(blob('good'))?.hint).not.to.contain('ssh-keyscan')
  })

  it('refuses a changed key loudly, with the place of the known one and how to remove it', () => {
    home.known('# one line', `web1 ${keys['good']}`)
    const message = check().refusal(blob('bad'))
    expect(message?.what).to.match(/^THE HOST KEY OF web1 HAS CHANGED/)
    expect(message?.expected).to.match(/^ssh-ed25519 SHA256:\S{43} \(.*known_hosts:2\)$/)
    expect(message?.hint).to.contain(`ssh-keygen -R 'web1' -f ${file()}`)
    expect(check().refusal(blob('rsa'))?.what).to.match(/HAS CHANGED/)
  })

  it('refuses a revoked key though it is known', () => {
    home.known(`web1 ${keys['good']}`, `@revoked * ${keys['good']}`)
    expect(check().refusal(blob('good'))?.what).to.match(/IS REVOKED/)
    expect(check().refusal(blob('good'))?.observed).to.match(/revoked at .*known_hosts:2$/)
  })

  it('takes a key known without the port, as ssh does, and calls another one unknown', () => {
    home.known(`web1 ${keys['good']}`)
    expect(check({ port: 2222 }).refusal(blob('good'))).to.equal(undefined)
    expect(check({ port: 2222 }).refusal(blob('bad'))?.what).to.contain('is not known')
    home.known(`[web1]:2222 ${keys['third']}`)
    expect(check({ port: 2222 }).refusal(blob('good'))?.what).to.contain('HAS CHANGED')
  })

  it('goes by the alias alone where there is one', () => {
    home.known(`web1 ${keys['bad']}`, `real ${keys['good']}`)
    expect(check({ hostKeyAlias: 'Real', port: 2222 }).refusal(blob('good'))).to.equal(undefined)
    expect(check({ hostKeyAlias: 'other' }).refusal(blob('bad'))?.what).to.contain(
      'the host key of other is not known',
    )
  })

  it('tells of lines that cannot help: authorities, broken keys, laxer settings', () => {
    home.known(`@cert-authority web1 ${keys['third']}`, 'web1 ssh-ed25519 AAAA', '@strange web1 x y', 'web1')
    const place = { file: 'config', line: 7 }
    const message = check({ laxChecking: { value: 'no', place } }).refusal(blob('good'))
    expect(message?.observed).to.match(
      /known_hosts:1 names an authority for certificates, which are not supported/,
    )
    expect(message?.observed).to.match(/known_hosts:2 names the host, but its key cannot be read/)
    expect(message?.hint).to.contain("'StrictHostKeyChecking no' at config:7 is not followed")
  })

  it('passes over files that are not there, unless they were asked for', () => {
    expect(readKnownHosts([home.path('no')])).to.deep.equal([])
    expect(() => readKnownHosts([home.path('no')], true)).to.throw(
      InputError,
      'cannot read the known hosts file',
    )
  })
})
