import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { generateKey } from '../loopback-sshd.fake.ts'
import type { Complaint, HostKeyCheck } from '../ssh-endpoint.ts'
import { narrowAlgorithms } from './algorithms.ts'
import type { HostSettings } from './host-settings.ts'
import { knownHostCheck } from './known-host-check.ts'
import { findKnownHosts, knownName } from './known-hosts.ts'
import { parseConfig } from './resolved-config.ts'
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

  function check(more: Partial<HostSettings> = {}): Promise<HostKeyCheck> {
    const settings: HostSettings = {
      ...{ hostname: 'web1', port: 22, user: 'root', identityFiles: [], identitiesOnly: false },
      ...{ proxyJump: [], checkHostIp: false, revokedHostKeys: [], batchMode: false },
      knownHostsFiles: [file()],
      algorithms: narrowAlgorithms('web1', parseConfig(''), parseConfig('')),
      ...more,
    }
    return knownHostCheck({ settings, filesRequired: false, sshCommand: 'ssh web1' })
  }
  const refusal = async (
    name: string,
    more?: Partial<HostSettings>,
    peer?: string,
  ): Promise<Complaint | undefined> => (await check(more)).refusal(blob(name), peer)

  it('has ssh-keygen find lines: plain, hashed, with ports, wildcards and markers', async () => {
    home.known(
      '# a comment',
      '',
      `web1,10.0.0.1 ${keys['good']}`,
      `[web1]:2222 ${keys['good']} a comment`,
      `*.example,!secret.example ${keys['good']}`,
      `web? ${keys['third']}`,
      `@revoked web1 ${keys['third']}`,
      `@cert-authority *.example ${keys['third']}`,
    )
    const found = async (name: string): Promise<string[]> =>
      (await findKnownHosts([file()], [name])).map(({ place, marker }) => `${place.line} ${marker ?? '-'}`)
    for (const hashed of [false, true]) {
      if (hashed) execFileSync('ssh-keygen', ['-q', '-H', '-f', file()], { stdio: 'ignore' })
      // A line of two names becomes two hashed ones.
      const on = (line: number): number => line + (hashed ? 1 : 0)
      expect(await found('web1')).to.deep.equal(['3 -', `${on(6)} -`, `${on(7)} revoked`])
      expect(await found('[web1]:2222')).to.deep.equal([`${on(4)} -`])
      expect(await found('a.example')).to.deep.equal([`${on(5)} -`, `${on(8)} cert-authority`])
      expect(await found('secret.example')).to.deep.equal([`${on(8)} cert-authority`])
      expect(await found('nothing')).to.deep.equal([])
    }
    expect(readFileSync(file(), 'utf8')).to.match(/^\|1\|/m)
  })

  it('writes names as ssh does', () => {
    expect([knownName('Web1', 22), knownName('web1', 2222)]).to.deep.equal(['web1', '[web1]:2222'])
    expect(knownName('2001:DB8::1', 2222)).to.equal('[2001:db8::1]:2222')
  })

  it('accepts any of several keys, and asks for the kinds it knows first', async () => {
    home.known(`web1 ${keys['rsa']}`, `web1 ${keys['good']}`, `web1 ${keys['third']}`)
    for (const name of ['rsa', 'good', 'third']) expect(await refusal(name)).to.equal(undefined)
    const { algorithms } = await check()
    expect(algorithms.slice(0, 3)).to.deep.equal(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'])
    expect(algorithms).not.to.include('ssh-rsa')
  })

  /** Beside what OpenSSH does with StrictHostKeyChecking yes. */
  const accepted: Readonly<Record<string, readonly [string[], Partial<HostSettings>, string]>> = {
    'a known key': [['web1 good'], {}, 'good'],
    'a known key by a hashed line': [['#web1 good'], {}, 'good'],
    'a known key by a hashed line with its port': [['#[web1]:2222 good'], { port: 2222 }, 'good'],
    'a key known without the port': [['web1 good'], { port: 2222 }, 'good'],
    'a wildcard': [['* good'], {}, 'good'],
    'an alias': [['alias good'], { hostKeyAlias: 'Alias', port: 2222 }, 'good'],
    'a name in capitals in the file': [['WEB1 good'], {}, 'good'],
    'a line of the port that cannot be read beside a sound plain one': [
      ['[web1]:2222 broken', 'web1 good'],
      { port: 2222 },
      'good',
    ],
  }
  const refused: typeof accepted = {
    'an unknown key': [[], {}, 'good'],
    'a changed key': [['web1 good'], {}, 'bad'],
    'a key of another kind': [['web1 good'], {}, 'rsa'],
    'a revoked key beside the known one': [['web1 good', '@revoked * good'], {}, 'good'],
    'a revoked key at another port': [
      ['[web1]:2222 good', '@revoked [web1]:2222 good'],
      { port: 2222 },
      'good',
    ],
    'a key revoked for the plain name, asked by port': [
      ['[web1]:2222 good', '@revoked web1 good'],
      { port: 2222 },
      'good',
    ],
    'a key that only an authority could vouch for': [['@cert-authority web1 good'], {}, 'good'],
    'a key known at another port': [['#[web1]:2222 good'], {}, 'good'],
    'another key than the one known without the port': [['web1 good'], { port: 2222 }, 'bad'],
    'the key of the plain name where the port has its own': [
      ['web1 good', '[web1]:2222 bad'],
      { port: 2222 },
      'good',
    ],
    'a negated pattern': [['*,!web1 good'], {}, 'good'],
    'the plain name where there is an alias': [['web1 good'], { hostKeyAlias: 'alias' }, 'good'],
    'an unknown marker': [['@trust web1 good'], {}, 'good'],
    'a line whose kind is not that of its key': [['web1 lying'], {}, 'good'],
  }
  function write(lines: readonly string[]): void {
    const named: Record<string, string> = {
      ...keys,
      broken: 'ssh-ed25519 AAAA',
      lying: `ssh-rsa ${keys['good']?.split(' ')[1]}`,
    }
    for (const line of lines) {
      const words = line.replace(/^#/, '').split(' ')
      const whole = [...words.slice(0, -1), named[words.at(-1) ?? '']].join(' ')
      home.known(line.startsWith('#') ? hashed(whole) : whole)
    }
  }
  function hashed(line: string): string {
    const alone = home.path('alone')
    writeFileSync(alone, `${line}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', alone], { stdio: 'ignore' })
    return readFileSync(alone, 'utf8').trim()
  }
  for (const [what, [lines, more, shown]] of Object.entries(accepted)) {
    it(`accepts ${what}`, async () => {
      write(lines)
      expect(await refusal(shown, more)).to.equal(undefined)
    })
  }
  for (const [what, [lines, more, shown]] of Object.entries(refused)) {
    it(`refuses ${what}`, async () => {
      write(lines)
      expect((await refusal(shown, more))?.what).to.be.a('string')
    })
  }

  it('refuses an unknown key with its fingerprint and what to do', async () => {
    const message = await refusal('good', { port: 2222 })
    const fingerprint = execFileSync('ssh-keygen', ['-lf', '-'], {
      input: keys['good'],
      encoding: 'utf8',
    }).split(' ')[1]
    expect(message?.what).to.equal('the host key of [web1]:2222 is not known, so the host may be another one')
    expect(message?.observed).to.equal(`ssh-ed25519 ${fingerprint}`)
    expect(message?.hint)
      .to.contain("'ssh web1' once")
      .and.contain(`ssh-keyscan -p 2222 -t ed25519 web1 >>${file()}`)
    expect((await refusal('good', { proxyJump: ['bastion'] }))?.hint).not.to.contain('ssh-keyscan')
  })

  it('refuses a changed key loudly, with the place of the known one and how to remove it', async () => {
    home.known('# one line', `web1 ${keys['good']}`)
    const message = await refusal('bad')
    expect(message?.what).to.match(/^THE HOST KEY OF web1 HAS CHANGED/)
    expect(message?.expected).to.match(/^ssh-ed25519 SHA256:\S{43} \(.*known_hosts:2\)$/)
    expect(message?.hint).to.contain(`ssh-keygen -R 'web1' -f ${file()}`)
  })

  it('says where a key is revoked, and calls a differing key at another port unknown', async () => {
    home.known(`web1 ${keys['good']}`, `@revoked * ${keys['third']}`)
    expect((await refusal('third'))?.observed).to.match(/revoked at .*known_hosts:2$/)
    expect((await refusal('bad', { port: 2222 }))?.what).to.contain('is not known')
  })

  it('mentions lines that cannot help: authorities, broken keys, laxer settings', async () => {
    home.known(`@cert-authority web1 ${keys['third']}`, 'web1 ssh-ed25519 AAAA', '@strange web1 x y', 'web1')
    const message = await refusal('good', { laxChecking: 'no' })
    expect(message?.observed).to.match(
      /known_hosts:1 names an authority for certificates, which are not supported/,
    )
    expect(message?.observed).to.match(/known_hosts:2 names the host, but its key cannot be read/)
    expect(message?.hint).to.contain("'StrictHostKeyChecking no' is not followed")
  })

  it('passes over files that are not there unless they were asked for, and no file that cannot be read', async () => {
    expect(await findKnownHosts([home.path('no'), '/dev/null'], ['web1'])).to.deep.equal([])
    const failure = async (name: string, required: boolean): Promise<unknown> =>
      findKnownHosts([name], ['web1'], required).catch((error: unknown) => error)
    expect(await failure(home.path('no'), true)).to.be.instanceOf(InputError)
    expect(await failure(home.home, false)).to.have.property('code', 'SSH_KNOWN_HOSTS')
  })

  describe('beyond known_hosts', () => {
    beforeEach(() => home.known(`web1 ${keys['good']}`, `web1 ${keys['rsa']}`, `192.0.2.1 ${keys['bad']}`))

    it('refuses a key that is known otherwise for the address, with CheckHostIP alone', async () => {
      const check = { checkHostIp: true }
      expect((await refusal('good', check, '192.0.2.1'))?.what).to.contain('known for its address 192.0.2.1')
      expect(await refusal('good', {}, '192.0.2.1')).to.equal(undefined)
      expect(await refusal('good', check, '192.0.2.2')).to.equal(undefined)
      expect(await refusal('good', check)).to.equal(undefined)
      home.known(`192.0.2.1 ${keys['good']}`, `127.0.0.1 ${keys['bad']}`)
      expect(await refusal('good', check, '192.0.2.1')).to.equal(undefined)
      expect(await refusal('good', check, '127.0.0.1')).to.equal(undefined)
    })

    it('refuses keys of RevokedHostKeys: a list of keys, a key revocation list, a file that is not there', async () => {
      const [list, krl] = [home.path('list'), home.path('krl')]
      writeFileSync(list, `# stolen\n${keys['good']} comment\n`)
      execFileSync('ssh-keygen', ['-q', '-k', '-f', krl, list])
      expect(readFileSync(krl).subarray(0, 6).toString()).to.equal('SSHKRL')
      for (const name of [list, krl]) {
        expect((await refusal('good', { revokedHostKeys: [name] }))?.observed).to.contain(
          `revoked at ${name}`,
        )
        expect(await refusal('rsa', { revokedHostKeys: [name] })).to.equal(undefined)
      }
      const missing = await check({ revokedHostKeys: [home.path('no')] }).catch((error: unknown) => error)
      expect(missing).to.have.property('code', 'SSH_REVOKED_KEYS')
    })

    it('refuses an RSA key of fewer bits than are required', async () => {
      const algorithms = narrowAlgorithms('web1', parseConfig('requiredrsasize 4096'), parseConfig(''))
      expect((await refusal('rsa', { algorithms }))?.observed).to.match(/of 3072 bits$/)
      expect(await refusal('good', { algorithms })).to.equal(undefined)
    })
  })
})
