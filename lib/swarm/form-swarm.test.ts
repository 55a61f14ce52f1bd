import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import type { Topology } from '../topology/topology.ts'
import { formSwarm, listNetworks } from './form-swarm.ts'

const topology = {
  swarm: { advertise: 'front', dataPath: 'back', dataPathPort: 4790 },
} as unknown as Topology

const token = 'SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-1awxwuwd3z9j1z3puu7rcgdbx'

function fakeHost(
  name: string,
  role: 'manager' | 'worker',
  last: number,
): { host: Host; remote: FakeRemote } {
  const remote = new FakeRemote(name)
    .answer('docker swarm init', '')
    .answer('docker swarm join-token', `${token}manager\n${token}worker\n`)
    .answer('docker node ls', 'a Ready\nb Ready\n')
  const host = {
    name,
    remote,
    node: { name, role },
    underlays: {
      front: { interface: 'eth1', address: `192.168.56.${last}` },
      back: { interface: 'eth2', address: `192.168.57.${last}` },
    },
  } as unknown as Host
  return { host, remote }
}

describe('formSwarm', () => {
  it('initialises on the manager and joins the others with the addresses of their underlays', async () => {
    const worker = fakeHost('a', 'worker', 12)
    const manager = fakeHost('b', 'manager', 11)
    const inputs: unknown[] = []
    worker.remote.answer('/swarm/join', (_command, options) => {
      inputs.push(JSON.parse(String('input' in options ? options.input : '')))
      return 'HTTP/1.0 200 OK\r\n\r\n'
    })
    const signal = new AbortController().signal
    await formSwarm(topology, [worker.host, manager.host], { progress: silentProgress, signal })
    expect(manager.remote.commands[0]).to.equal(
      'docker swarm init --advertise-addr 192.168.56.11 --data-path-addr 192.168.57.11 --data-path-port 4790 >/dev/null',
    )
    expect(inputs, 'the token travels on standard input').to.deep.equal([
      {
        ListenAddr: '0.0.0.0:2377',
        AdvertiseAddr: '192.168.56.12',
        DataPathAddr: '192.168.57.12',
        RemoteAddrs: ['192.168.56.11:2377'],
        JoinToken: `${token}worker`,
        Availability: 'active',
      },
    ])
    for (const command of [...worker.remote.commands, ...manager.remote.commands])
      expect(command).to.not.contain(token)
  })

  it('says what the engine said when it refuses', async () => {
    const manager = fakeHost('b', 'manager', 11)
    manager.remote.answer('docker swarm init', { exitCode: 1, stderr: 'Error: address already in use' })
    const signal = new AbortController().signal
    let message = ''
    await formSwarm(topology, [manager.host], { progress: silentProgress, signal }).catch(
      (error: Error) => (message = error.message),
    )
    expect(message).to.include('(on b)').and.include('address already in use')
  })
})

describe('forming a swarm that is to be known again', () => {
  it('tells each step before the next can be taken', async () => {
    const manager = fakeHost('b', 'manager', 11)
    const worker = fakeHost('a', 'worker', 12)
    const nodeId = 'qyk2vzr0gr3fq8lbtzbm7gb8f'
    manager.remote.answer("docker info --format '{{.Swarm.NodeID}}'", `${nodeId}\n`)
    worker.remote.answer('/swarm/join', 'HTTP/1.0 200 OK\r\n\r\n')
    const steps: string[] = []
    const forming = {
      mark: '2160h0m0.123456789s',
      initialised: async (id: string, address: string) => {
        expect(worker.remote.commands, 'commands of the worker until then').to.deep.equal([])
        steps.push(`${id} at ${address}`)
      },
      joined: async ({ name }: Host) => void steps.push(name),
    }
    const signal = new AbortController().signal
    await formSwarm(topology, [worker.host, manager.host], { progress: silentProgress, signal, forming })
    expect(manager.remote.commands[0]).to.match(/ --cert-expiry 2160h0m0\.123456789s >\/dev\/null$/)
    expect(steps).to.deep.equal([`${nodeId} at 192.168.56.11:2377`, 'b', 'a'])
  })

  it('takes nothing for the id of a node that is none', async () => {
    const { host, remote } = fakeHost('b', 'manager', 11)
    remote.answer("docker info --format '{{.Swarm.NodeID}}'", 'WARNING: x\n')
    const forming = { mark: '2160h0m0.1s', initialised: async () => undefined, joined: async () => undefined }
    const signal = new AbortController().signal
    const error: unknown = await formSwarm(topology, [host], {
      progress: silentProgress,
      signal,
      forming,
    }).catch((thrown: unknown) => thrown)
    expect((error as Error).message).to.contain('gave no id of its node')
  })
})

describe('listNetworks', () => {
  it('gives name, driver and scope by host', async () => {
    const { host, remote } = fakeHost('a', 'worker', 12)
    remote.answer('docker network ls', '{"name":"ingress","driver":"overlay","scope":"swarm"}\n')
    expect(await listNetworks([host])).to.deep.equal({
      a: [{ name: 'ingress', driver: 'overlay', scope: 'swarm' }],
    })
  })
})
