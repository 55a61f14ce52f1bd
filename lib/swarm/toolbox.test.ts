import { expect } from 'chai'
import { sh } from '../script.ts'
import type { Host } from '../host/host.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { type ToolboxOptions, withToolbox } from './toolbox.ts'

const id = `sha256:${'c'.repeat(64)}`

/** A host without tcpdump and nsenter; the engine has the image, and the image both. */
function bareHost(): { host: Host; remote: FakeRemote } {
  const remote = new FakeRemote('web1')
    .answer('command -v "$tool"', 'tcpdump\nnsenter\n')
    .answer('docker image inspect', `${id}\n`)
    .answer('mkdir -m 700', '/tmp/swarmproof-run-1\n')
    .answer('command -v nsenter', 'tcpdump\nnsenter\n')
    .answer(/^set -e; printf %s/, '')
  return { host: { name: 'web1', remote } as unknown as Host, remote }
}

function options(registered: string[]): ToolboxOptions {
  return {
    ...{ progress: silentProgress, image: 'ops/tools:1', runId: 'run-1', label: 'swarmproof=run-1' },
    removes: (_host, image, ids = []) => Promise.resolve(void registered.push([image, ...ids].join(' '))),
    removesFolder: (_host, path) => Promise.resolve(void registered.push(path)),
  }
}

describe('a toolbox', () => {
  it('puts its tools where files can be executed, and behind what the host has', async () => {
    const { host, remote } = bareHost()
    const [equipped] = await withToolbox([host], options([]))
    expect(remote.commands.at(-1)).to.contain('chmod 755 /tmp/swarmproof-run-1/nsenter')
    const started = remote.commands.filter((command) => command.includes('docker run'))
    expect(started).to.have.lengthOf(2)
    for (const command of started) expect(command).to.contain('--pull never').and.to.contain(id)
    expect(started.join()).to.not.contain('ops/tools:1')
    remote.answer('tcpdump --version', 'seen')
    await equipped?.remote.exec(sh`tcpdump --version`)
    expect(remote.commands.at(-1)).to.match(/^PATH=\$PATH:.*:\/tmp\/swarmproof-run-1\n/)
  })

  it('has every folder it may make removed in the end, before it makes one', async () => {
    const { host, remote } = bareHost()
    const registered: string[] = []
    remote.answer('mkdir -m 700', () => {
      expect(registered).to.include.members(['/var/tmp/swarmproof-run-1', '/tmp/swarmproof-run-1'])
      return '/tmp/swarmproof-run-1\n'
    })
    await withToolbox([host], options(registered))
    expect(registered).to.have.lengthOf(4)
  })

  it('says where nothing can be executed', async () => {
    const { host, remote } = bareHost()
    remote.answer('mkdir -m 700', { exitCode: 1, stderr: 'nothing can be executed in any of /var/tmp/x' })
    const error: unknown = await withToolbox([host], options([])).catch((thrown: unknown) => thrown)
    expect(String((error as Error).message))
      .to.contain('ops/tools:1')
      .and.contain('nothing can be executed')
      .and.contain('(on web1)')
  })

  it('leaves a host alone that has all tools', async () => {
    const remote = new FakeRemote('web1').answer('command -v "$tool"', '')
    const host = { name: 'web1', remote } as unknown as Host
    expect(await withToolbox([host], options([]))).to.deep.equal([host])
    expect(remote.commands).to.have.lengthOf(1)
  })
})
