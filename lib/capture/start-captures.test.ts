import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { startCaptures } from './start-captures.ts'

describe('starting captures', () => {
  it('gives each a file of its own, also where two begin at the same time in one folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-captures-'))
    const remote = new FakeRemote('worker1').answer(/./, { stderr: 'no such device', exitCode: 1 })
    const spawn = remote.spawn.bind(remote)
    const meanwhile = new Promise((resolve) => setTimeout(resolve, 20))
    remote.spawn = (...words) => meanwhile.then(() => spawn(...words))
    const points = [
      { host: { name: 'worker1', remote } as unknown as Host, interface: 'eth1', direction: 'both' as const },
    ]
    await Promise.allSettled([1, 2].map(() => startCaptures(points, folder)))
    expect(readdirSync(folder).sort()).to.deep.equal(['worker1-eth1-1.pcap', 'worker1-eth1-2.pcap'])
    rmSync(folder, { recursive: true })
  })
})
