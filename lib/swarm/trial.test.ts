import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import type { LoadedImage } from '../loaded-image.ts'
import type { Host } from '../host/host.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { taskScript } from './probe-task.ts'
import { Trial } from './trial.ts'

/** The words docker gets of a command, in a real shell. */
function wordsOf(command: string): string[] {
  const docker = `docker() { printf '%s\\0' "$@"; }\n${command}`
  return execFileSync('sh', ['-c', docker], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

const probeNonce = '0123456789abcdef01234567'
const hostile = ['x;touch INJECTED', '$(id)', "a'b", 'a b', '', '`id`', '"', '\n']

function trialOn(remote: FakeRemote): { trial: Trial; node: ClusterNode } {
  const node = { host: { name: 'manager', remote } as unknown as Host, nodeId: 'n' } as ClusterNode
  const cluster: Cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
  const { signal } = new AbortController()
  const stack = {
    namePrefix: 'swp-x',
    probeImage: "registry.example/a'b:1" as LoadedImage,
    taskMemoryMib: 64,
    probeNonce,
  }
  return { trial: new Trial(cluster, { name: 'adr04', label: 'run 1', stack, signal }), node }
}

/** The command an engine refuses, as it got it. */
async function commandOf(ask: (trial: Trial, node: ClusterNode) => Promise<unknown>): Promise<string[]> {
  const remote = new FakeRemote('manager').answer(/./, { exitCode: 1 })
  const { trial, node } = trialOn(remote)
  await ask(trial, node).catch(() => undefined)
  return wordsOf(remote.commands[0] ?? '')
}

describe('a trial', () => {
  it('gives a service’s options to docker word by word, whatever they hold', async () => {
    const words = await commandOf((trial) => trial.service('many', ['--constraint', ...hostile]))
    expect(words).to.deep.equal([
      ...['service', 'create', '--detach', '--quiet', '--no-resolve-image', '--stop-grace-period', '1s'],
      ...['--label', 'swarmproof=run 1', '--hostname', '{{.Task.ID}}', '--name', 'swp-x-adr04-many'],
      ...['--limit-memory', '64m', '--constraint', ...hostile],
      ...["registry.example/a'b:1", 'sh', '-c', taskScript({ probeNonce })],
    ])
  })

  it('gives those of networks, updates, containers and questions so, too', async () => {
    expect(await commandOf((trial) => trial.network('net', hostile))).to.deep.equal([
      ...['network', 'create', '--driver', 'overlay', '--label', 'swarmproof=run 1', ...hostile],
      'swp-x-adr04-net',
    ])
    const container = await commandOf((trial, node) => trial.container('one', node, hostile))
    expect(container.slice(-hostile.length - 4)).to.deep.equal([
      ...[...hostile, "registry.example/a'b:1"],
      ...['sh', '-c', taskScript({ probeNonce })],
    ])
    expect(await commandOf((trial) => trial.ask(['swarm', 'update', ...hostile]))).to.deep.equal([
      ...['swarm', 'update', ...hostile],
    ])
  })

  it('says yes where docker asks whether it is meant', async () => {
    let input: unknown
    const remote = new FakeRemote('manager').answer('network rm', (_, options) => {
      input = 'input' in options ? options.input : undefined
      return { exitCode: 1, stderr: 'Error response from daemon: ingress is in use' }
    })
    const answer = await trialOn(remote).trial.ask(['network', 'rm', 'ingress'])
    expect(answer).to.deep.equal({
      accepted: false,
      words: 'Error response from daemon: ingress is in use',
    })
    expect(input).to.equal('y\n')
  })
})
