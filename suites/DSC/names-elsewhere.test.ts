import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { FakeRemote } from '../../lib/remote/fake-remote.ts'
import type { ClusterNode } from '../../lib/swarm/cluster.ts'
import { askHost } from './names-elsewhere.ts'

describe('the resolver of a host', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-hosts-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** Runs the script here, with another hosts file. */
  const asked = async (file: string, names: readonly string[]) => {
    const remote = new FakeRemote().answer(/getent/, (command) => ({
      stdout: spawnSync('sh', ['-c', command.replaceAll('/etc/hosts', file)]).stdout.toString(),
    }))
    const node = { host: { name: 'worker1', remote } } as unknown as ClusterNode
    return askHost(node, names)
  }

  it('is asked for names, and its hosts file is read beside', async () => {
    const file = join(folder, 'hosts')
    writeFileSync(file, '127.0.0.1 localhost\n10.91.1.1 swp-web # swpfault\n# 10.91.1.2 swp-rr\n')
    const [localhost, web, rr] = await asked(file, ['localhost', 'swp-web.invalid', 'swp-rr.invalid'])
    expect(localhost).to.deep.include({ exitCode: 0, inHostsFile: ['127.0.0.1'] })
    expect(localhost?.addresses).to.include('127.0.0.1')
    expect(web).to.deep.include({ addresses: [], inHostsFile: [] })
    expect(web?.exitCode).to.not.equal(0)
    expect(rr?.inHostsFile).to.deep.equal([])
    const [named] = await asked(file, ['swp-web'])
    expect(named?.inHostsFile).to.deep.equal(['10.91.1.1'])
  }).timeout(30_000)

  it('is asked for names where there is no such file', async () => {
    const [localhost] = await asked(join(folder, 'none'), ['localhost'])
    expect(localhost).to.deep.include({ exitCode: 0, inHostsFile: [] })
  })
})
