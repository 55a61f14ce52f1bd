import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { cuttable } from '../cuttable.fake.ts'
import { freePort, startLoopbackSshd, needsSshd } from '../loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { RemoteError } from '../remote-error.ts'
import type { SshClient } from './connect.ts'
import { knownLine, sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { sh } from '../../script.ts'

describe('ssh client, jump hosts', function () {
  this.timeout(30_000)
  const servers: LoopbackSshd[] = []
  let [outer, inner, target] = [] as unknown as [LoopbackSshd, LoopbackSshd, LoopbackSshd]
  let home: SshHome

  needsSshd()
  before(async () => {
    for (let n = 0; n < 3; n += 1) servers.push(await startLoopbackSshd())
    ;[outer, inner, target] = servers as [LoopbackSshd, LoopbackSshd, LoopbackSshd]
  })
  after(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    home = sshHome()
    describeHost('outer', outer)
    describeHost('inner', inner)
    describeHost('web1', target)
  })
  afterEach(() => home[Symbol.dispose]())

  /** Every host has a key and a host key of its own. */
  function describeHost(name: string, server: LoopbackSshd, port = server.target.port): void {
    const key = home.path(`key-of-${name}`)
    copyFileSync(join(server.folder, 'user'), key)
    home.config(`Host ${name}`, '  HostName 127.0.0.1', `  Port ${port}`, `  IdentityFile ${key}`)
    home.known(knownLine(server).replace(String(server.target.port), String(port)))
  }

  const go = (client: SshClient, more: object = {}): ReturnType<SshClient['connect']> =>
    client.connect({ name: 'web1', hostname: 'web1', become: false, ...more })
  const accepted = (server: LoopbackSshd): number => server.log().split('Accepted publickey').length - 1
  const ended = (server: LoopbackSshd): number =>
    server.log().split(/Disconnected from user|Connection closed by user|Close session/).length - 1

  it('goes through a chain, each hop with its own key and host key', async () => {
    const before = servers.map(accepted)
    await using client = home.client()
    const remote = await go(client, { proxyJump: 'outer,inner' })
    expect((await remote.exec(sh`echo $SSH_CONNECTION`)).stdout).to.contain(` ${target.target.port}\n`)
    expect(servers.map((server, n) => accepted(server) - (before[n] ?? 0))).to.deep.equal([1, 1, 1])
  })

  it('compresses what goes to the host, once', async () => {
    await using bastion = await startLoopbackSshd(['LogLevel DEBUG1'])
    await using host = await startLoopbackSshd(['LogLevel DEBUG1'])
    describeHost('bastion', bastion)
    describeHost('behind', host)
    await using client = home.client()
    const remote = await client.connect({
      ...{ name: 'behind', hostname: 'behind', become: false },
      proxyJump: 'bastion',
    })
    expect((await remote.exec(sh`echo there`)).stdout).to.equal('there\n')
    const agreed = (server: LoopbackSshd): Set<string | undefined> =>
      new Set([...server.log().matchAll(/kex: .* compression: (\S+)/g)].map(([, method]) => method))
    expect([agreed(bastion), agreed(host)]).to.deep.equal([new Set(['none']), new Set(['zlib@openssh.com'])])
  })

  it('follows the ProxyJump of ssh_config, and of the jump host itself', async () => {
    home.config(
      'Match originalhost web1',
      '  ProxyJump inner',
      'Match originalhost inner',
      '  ProxyJump outer',
    )
    const before = servers.map(accepted)
    await using client = home.client()
    const content = 'x'.repeat(3_000_000)
    const remote = await go(client)
    expect((await remote.exec(sh`cat`, { input: content })).stdout).to.equal(content)
    expect(servers.map((server, n) => accepted(server) - (before[n] ?? 0))).to.deep.equal([1, 1, 1])
  })

  it('connects once to a jump host of several hosts, and closes it with the last of them', async () => {
    const [before, endings] = [accepted(outer), ended(outer)]
    await using client = home.client()
    const remotes = await Promise.all(
      Array.from({ length: 6 }, (_, n) => go(client, { name: `web${n}`, proxyJump: 'outer' })),
    )
    await Promise.all(remotes.map((remote) => remote.exec(sh`true`)))
    expect(accepted(outer) - before).to.equal(1)
    for (const remote of remotes.slice(1)) await remote[Symbol.asyncDispose]()
    expect((await remotes[0]?.exec(sh`echo still`))?.stdout).to.equal('still\n')
    expect(ended(outer)).to.equal(endings)
    await remotes[0]?.[Symbol.asyncDispose]()
    await until(() => ended(outer) > endings)
    expect(accepted(outer) - before).to.equal(1)
  })

  it('closes every hop when the client is disposed', async () => {
    const endings = servers.map(ended)
    const client = home.client()
    await go(client, { proxyJump: 'outer,inner' })
    await client[Symbol.asyncDispose]()
    await until(() => servers.every((server, n) => ended(server) > (endings[n] ?? 0)))
  })

  it('names the hop whose key is unknown, and the one that does not let in', async () => {
    writeFileSync(home.path('known_hosts'), `${knownLine(target)}\n${knownLine(outer)}\n`)
    const attempt = async (): Promise<string> => {
      await using client = home.client()
      const remote = await go(client, { proxyJump: 'outer,inner' })
      return (await remote.exec(sh`echo in`)).stdout
    }
    expect(await failure(attempt())).to.include({ code: 'SSH_HOST_KEY', host: 'inner' })
    home.known(knownLine(inner))
    copyFileSync(join(outer.folder, 'other'), home.path('key-of-outer'))
    expect(await failure(attempt())).to.include({ code: 'SSH_AUTH', host: 'outer' })
    copyFileSync(join(outer.folder, 'user'), home.path('key-of-outer'))
    expect(await attempt()).to.equal('in\n')
  })

  it('says that the jump host cannot get there, or may not', async () => {
    await using strict = await startLoopbackSshd(['AllowTcpForwarding no'])
    describeHost('strict', strict)
    await using client = home.client()
    const refused = await failure(go(client, { proxyJump: 'outer', port: await freePort() }))
    expect(refused).to.include({ code: 'SSH_CONNECT', host: 'outer' })
    expect(refused.message).to.match(
      /opened no connection to 127.0.0.1:\d+ \(on outer\)\n {2}observed: Connection refused/,
    )
    const forbidden = await failure(go(client, { proxyJump: 'strict' }))
    expect(forbidden.message).to.contain('AllowTcpForwarding')
  })

  it('refuses to go round in circles', async () => {
    home.config('Host *', '  ProxyJump outer')
    await using client = home.client()
    const error = await go(client).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(InputError).with.property('message').that.contains("'ProxyJump none'")
  })

  it('ends what ran when the jump host is lost, and gets through again', async () => {
    await using wire = await cuttable(outer.target.port)
    describeHost('wire', outer, wire.port)
    await using client = home.client()
    const remote = await go(client, { proxyJump: 'wire' })
    const running = failure(remote.exec(sh`sleep 60`))
    await (
      await remote.spawn(sh`true`)
    ).exited
    wire.cut()
    expect(await running).to.include({ code: 'SSH_LOST', mayHaveStarted: true })
    expect((await remote.exec(sh`echo again`)).stdout).to.equal('again\n')
  })

  it('notices that the jump host fell silent', async () => {
    await using wire = await cuttable(outer.target.port)
    describeHost('wire', outer, wire.port)
    home.config('Host *', '  ServerAliveInterval 1', '  ServerAliveCountMax 1')
    await using client = home.client()
    const remote = await go(client, { proxyJump: 'wire' })
    const running = failure(remote.exec(sh`sleep 60`))
    wire.mute()
    expect((await running).message).to.match(/Keepalive timeout|a jump host was lost/)
  })
})

async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  const outcome = await promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(RemoteError)
  return outcome as RemoteError
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come true within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
