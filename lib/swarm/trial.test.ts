import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import type { LoadedImage } from '../loaded-image.ts'
import type { Host } from '../host/host.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { taskScript } from './probe-task.ts'
import { answerJson, ServedEngine } from './served-engine.fake.ts'
import { Trial } from './trial.ts'

/** The words docker gets of a command, in a real shell. */
function wordsOf(command: string): string[] {
  const docker = `docker() { printf '%s\\0' "$@"; }\n${command}`
  return execFileSync('sh', ['-c', docker], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

const probeNonce = '0123456789abcdef01234567'
const hostile = ['x;touch INJECTED', '$(id)', "a'b", 'a b', '', '`id`', '"', '\n']

function trialOn(
  remote: FakeRemote,
  signal = new AbortController().signal,
): { trial: Trial; node: ClusterNode } {
  const node = { host: { name: 'manager', remote } as unknown as Host, nodeId: 'n' } as ClusterNode
  const cluster: Cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
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
      ...['--label', 'swarmproof=run 1', '--container-label', 'swarmproof.run=run 1'],
      ...['--hostname', '{{.Task.ID}}', '--name', 'swp-x-adr04-many'],
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

  it('chooses options of a network while no other trial of the swarm makes one', async () => {
    const log: string[] = []
    const remote = new FakeRemote('manager').answer('network create', (command) => {
      log.push(/swp-x-adr04-\w+/.exec(command)?.[0] ?? '')
      return { exitCode: 1 }
    })
    const { trial } = trialOn(remote)
    const chosen = trial.network('chosen', async () => {
      log.push('choosing')
      await new Promise((resolve) => setTimeout(resolve, 5))
      return ['--subnet', '10.99.0.8/29']
    })
    await Promise.allSettled([chosen, trial.network('other')])
    expect(log).to.deep.equal(['choosing', 'swp-x-adr04-chosen', 'swp-x-adr04-other'])
    expect(wordsOf(remote.commands[0] ?? '')).to.include('10.99.0.8/29')
  })

  it('makes no network once the run was interrupted while it waited for others', async () => {
    const stop = new AbortController()
    const remote = new FakeRemote('manager').answer('network create', () => {
      stop.abort(new Error('interrupted'))
      return { exitCode: 1 }
    })
    const { trial } = trialOn(remote, stop.signal)
    const [, second] = await Promise.allSettled([trial.network('one'), trial.network('two')])
    expect(remote.commands).to.have.lengthOf(1)
    expect(second).to.have.nested.property('reason.message', 'interrupted')
  })

  it('removes the rest where a part cannot be removed, and says why', async () => {
    const remote = new ServedEngine('manager', ({ method, url = '' }, answer) => {
      if (method === 'DELETE') return void answer.writeHead(204).end()
      if (!url.startsWith('/events')) return answerJson(answer, [])
      answer.writeHead(200).flushHeaders()
    }).answer(/./, { exitCode: 1, stderr: 'Cannot connect to the Docker daemon' })
    const { trial, node } = trialOn(remote)
    await Promise.allSettled([
      ...[trial.container('one', node, []), trial.service('it', []), trial.network('net')],
    ])
    const error = await trial[Symbol.asyncDispose]().catch((thrown: unknown) => thrown)
    expect(String(error)).to.contain('Cannot connect')
    expect(remote.requests.filter((request) => request.startsWith('DELETE'))).to.deep.equal([
      ...['DELETE /services/swp-x-adr04-it', 'DELETE /networks/swp-x-adr04-net'],
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
