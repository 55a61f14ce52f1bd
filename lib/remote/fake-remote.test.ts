import { buffer, text } from 'node:stream/consumers'
import { expect } from 'chai'
import { FakeRemote } from './fake-remote.ts'
import { sh } from '../script.ts'

describe('fake remote', () => {
  it('answers by pattern, the last one first, and records', async () => {
    const remote = new FakeRemote('a').answer(/./, 'any').answer('docker', { stdout: 'd', exitCode: 3 })
    expect(await remote.exec(sh`docker ps`)).to.include({ stdout: 'd', exitCode: 3 })
    expect((await remote.exec(sh`ip link`)).stdout).to.equal('any')
    expect(remote.commands).to.deep.equal(['docker ps', 'ip link'])
  })

  it('computes answers from command and options', async () => {
    const remote = new FakeRemote().answer(/^cat$/, (_command, options) =>
      'input' in options ? String(options.input) : 'nothing',
    )
    expect((await remote.exec(sh`cat`, { input: 'x' })).stdout).to.equal('x')
  })

  it('throws what is scripted, and for what nobody scripted', async () => {
    const remote = new FakeRemote().answer('x', { error: new Error('boom') })
    expect(await remote.exec(sh`x`).catch((e: Error) => e.message)).to.equal('boom')
    expect(await remote.exec(sh`y`).catch((e: Error) => e.message)).to.contain('nobody scripted')
  })

  it('keeps files, and misses them as a host would', async () => {
    const remote = new FakeRemote()
    await remote.upload(Uint8Array.of(0, 255), '/f', 0o644)
    expect([...(await remote.download('/f'))]).to.deep.equal([0, 255])
    expect(remote.files.get('/f')?.mode).to.equal(0o644)
    expect(await remote.download('/g').catch((e: unknown) => e)).to.have.property('code', 'REMOTE_FILE')
  })

  it('spawns processes that end, stay up, take input, and stop on disposal', async () => {
    const remote = new FakeRemote()
      .answer('dump', { stdout: Uint8Array.of(1, 2) })
      .answer('agent', { stdout: 'ready\n', staysUp: true })
    expect([...(await buffer((await remote.spawn(sh`dump`)).stdout))]).to.deep.equal([1, 2])
    const agent = await remote.spawn(sh`agent`, { stdin: 'pipe' })
    agent.stdin.write('ask')
    await remote[Symbol.asyncDispose]()
    expect(await text(agent.stdout)).to.equal('ready\n')
    expect(await agent.exited).to.deep.equal({ exitCode: -1, signal: 'SIGINT' })
    expect(Buffer.concat(remote.processes[1]?.written ?? []).toString()).to.equal('ask')
  })
})
