import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { generateKey, startLoopbackSshd, needsSshd } from '../loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { failure } from '../remote-contract.fake.ts'
import { connectEndpoint } from '../ssh-remote.ts'
import { pinnedEndpoint } from '../ssh-target.ts'
import { knownLine, sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { sh } from '../../script.ts'

describe('ssh client, what is negotiated', function () {
  this.timeout(30_000)
  let sshd: LoopbackSshd
  let home: SshHome

  needsSshd()
  before(async () => {
    sshd = await startLoopbackSshd((folder) => {
      generateKey(join(folder, 'host-rsa'), 'rsa')
      return ['LogLevel DEBUG1', `HostKey ${join(folder, 'host-rsa')}`, 'RekeyLimit 1M']
    })
  })
  after(async () => sshd?.[Symbol.asyncDispose]())
  beforeEach(() => {
    home = sshHome()
    home.trust(sshd)
    home.config('Host web1', '  HostName 127.0.0.1', `  Port ${sshd.target.port}`)
  })
  afterEach(() => home[Symbol.dispose]())

  async function enter(): Promise<string> {
    await using client = home.client()
    const remote = await client.connect({ name: 'web1', hostname: 'web1', become: false })
    return (await remote.exec(sh`echo in`)).stdout
  }
  const since = (before: number): string => sshd.log().slice(before)

  it('is what the configuration leaves', async () => {
    home.config('  Ciphers aes192-ctr', '  MACs hmac-sha2-512', '  KexAlgorithms ecdh-sha2-nistp384')
    const before = sshd.log().length
    expect(await enter()).to.equal('in\n')
    expect(since(before)).to.match(/kex: algorithm: ecdh-sha2-nistp384/)
    expect(since(before)).to.match(/kex: client->server cipher: aes192-ctr MAC: hmac-sha2-512 /)
  })

  it('takes no host key of a kind that HostKeyAlgorithms leaves out, though it is known', async () => {
    home.config('  HostKeyAlgorithms ssh-ed25519')
    writeFileSync(
      home.path('known_hosts'),
      `${knownLine(sshd, readFileSync(join(sshd.folder, 'host-rsa.pub'), 'utf8'))}\n`,
    )
    expect(await failure(enter())).to.have.property('code', 'SSH_HOST_KEY')
  })

  it('takes no short RSA key of a host, and uses none of a kind or size that is not allowed', async () => {
    writeFileSync(
      home.path('known_hosts'),
      `${knownLine(sshd, readFileSync(join(sshd.folder, 'host-rsa.pub'), 'utf8'))}\n`,
    )
    home.config('  RequiredRSASize 4096')
    expect((await failure(enter())).message).to.match(/is too short.*\n {2}expected: an RSA key of 4096 bits/)
    home.trust(sshd)
    generateKey(home.path('id_rsa'), 'rsa')
    writeFileSync(join(sshd.folder, 'authorized'), readFileSync(home.path('id_rsa.pub')), { flag: 'a' })
    home.config(
      `  IdentityFile ${home.path('id_rsa')}`,
      '  PubkeyAcceptedAlgorithms rsa-sha2-256',
      '  HostKeyAlgorithms ssh-ed25519',
    )
    expect((await failure(enter())).message).to.match(/has 3072 bits, and RequiredRSASize is 4096/)
  })

  it('signs with RSA as PubkeyAcceptedAlgorithms allows, or not at all', async () => {
    generateKey(home.path('id_rsa'), 'rsa')
    writeFileSync(join(sshd.folder, 'authorized'), readFileSync(home.path('id_rsa.pub')), { flag: 'a' })
    home.config(`  IdentityFile ${home.path('id_rsa')}`, '  PubkeyAcceptedAlgorithms rsa-sha2-256')
    expect(await enter()).to.equal('in\n')
    home.config(
      'Host web2',
      '  HostName 127.0.0.1',
      `  Port ${sshd.target.port}`,
      `  IdentityFile ${home.path('id_rsa')}`,
    )
    home.config('  PubkeyAcceptedAlgorithms rsa-sha2-512')
    await using client = home.client()
    const refused = await failure(client.connect({ name: 'web2', hostname: 'web2', become: false }))
    expect(refused.message).to.contain(
      'only with a signature of rsa-sha2-256, which PubkeyAcceptedAlgorithms',
    )
  })

  it('checks the host key again whenever keys are exchanged again', async () => {
    const endpoint = pinnedEndpoint(sshd.target)
    let checks = 0
    const hostKeys: typeof endpoint.hostKeys = {
      ...endpoint.hostKeys,
      refusal: (blob, peer) => {
        checks += 1
        expect(peer).to.equal('127.0.0.1')
        return endpoint.hostKeys.refusal(blob, peer)
      },
    }
    await using remote = await connectEndpoint({ ...endpoint, hostKeys })
    expect((await remote.exec(sh`head -c 5000000 /dev/zero | wc -c`)).stdout.trim()).to.equal('5000000')
    // Of zeros compression leaves next to nothing.
    await remote.exec(sh`head -c 5000000 /dev/urandom`)
    expect(checks).to.be.greaterThan(1)
    const input = 'compressed by other tables than before '.repeat(10_000)
    expect((await remote.exec(sh`cat`, { input })).stdout).to.equal(input)
  })
})
