import { existingHosts } from '../host/origin.ts'
import { expect } from 'chai'
import type { Host, Lab } from '../host/host.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { findTopology } from '../topology/find-topology.ts'
import { deployOnExisting, type DeployOnExistingOptions } from './deploy-on-existing.ts'

interface Described {
  readonly state?: 'active' | 'inactive' | 'locked'
  /** What the swarm's own list says of its nodes; managers are asked. */
  readonly nodes?: readonly object[]
}

/** As swarmkit makes them. */
const idOf = (name: string): string => name.padEnd(25, '0')

/** Answers what is asked before anything is created; a question nobody thought of throws. */
function fakeHost(
  name: string,
  role: 'manager' | 'worker',
  { state = 'active', nodes = [] }: Described = {},
) {
  const swarm = { NodeID: idOf(name), LocalNodeState: state, ControlAvailable: role === 'manager' }
  const remote = new FakeRemote(name)
    .answer('/var/lib/swarmproof/run-1', '')
    .answer('exec sleep', { staysUp: true })
    .answer('{{.Swarm.LocalNodeState}}', `${state}\nbridge\nhost\n`)
    .answer('{{.ServerVersion}}', `${JSON.stringify(swarm)}\n26.1.5\n6.12.1\n`)
    .answer(
      "docker node ls --format '{{.ID}} {{.ManagerStatus}}'",
      `${idOf('web1')} Leader\n${idOf('web2')} \n`,
    )
    .answer('docker node inspect', nodes.map((node) => `${JSON.stringify(node)}\n`).join(''))
  const host = {
    ...{ name, remote, origin: existingHosts },
    node: { name, role, addresses: {} },
    underlays: { underlay: { interface: 'eth1', address: '192.168.56.11' } },
  } as unknown as Host
  return { host, remote }
}

const addressOf: Readonly<Record<string, string>> = { web1: '192.168.56.11', web2: '192.168.56.12' }

function listed(name: string, changes: { state?: string; availability?: string } = {}): object {
  return {
    ID: idOf(name),
    Description: { Hostname: name },
    Spec: { Availability: changes.availability ?? 'active' },
    Status: { State: changes.state ?? 'ready', Addr: addressOf[name] ?? '' },
  }
}

const options: DeployOnExistingOptions = {
  progress: silentProgress,
  signal: new AbortController().signal,
  ...{ runId: 'run-1', images: {}, init: false, leave: false },
}

/** What kept hosts from being adopted. */
async function refusal(
  fakes: readonly { host: Host }[],
  changes: Partial<DeployOnExistingOptions> = {},
): Promise<string> {
  const lab = { id: 'theirs', hosts: fakes.map(({ host }) => host) } as unknown as Lab
  try {
    await deployOnExisting(findTopology('three-node'), lab, { ...options, ...changes })
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing'
}

/** Part of the command by which everything is removed. */
const cleaning = ' guard clean /var/lib/swarmproof/run-1'
const nodeId = 'qyk2vzr0gr3fq8lbtzbm7gb8f'

/** Where in the order of its commands a host was told this; -1 for never. */
const told = ({ commands }: FakeRemote, words: string): number =>
  commands.findIndex((command) => command.includes(words))

describe('adopt', () => {
  it('refuses hosts that are in no swarm by name, with what to do, and touches none of them', async () => {
    const fakes = [fakeHost('web1', 'manager'), fakeHost('web2', 'worker', { state: 'inactive' })]
    expect(await refusal(fakes))
      .to.contain('not in a running swarm: web2 (inactive)')
      .and.contain('--init')
    for (const { remote } of fakes) expect(remote.commands).to.have.lengthOf(1)
  })

  it('counts a locked swarm as one that does not run', async () => {
    expect(await refusal([fakeHost('web1', 'manager', { state: 'locked' })])).to.contain('web1 (locked)')
  })

  it('builds no swarm of hosts one of which is in one', async () => {
    const fakes = [fakeHost('web1', 'manager', { state: 'inactive' }), fakeHost('web2', 'worker')]
    expect(await refusal(fakes, { init: true }))
      .to.contain('web2 (active) is')
      .and.contain('leave out --init')
    for (const { remote } of fakes) expect(told(remote, 'swarm init')).to.equal(-1)
  })

  it('refuses a swarm with a node that was not given, and takes its guards away again', async () => {
    const nodes = [listed('web1'), listed('web2'), listed('gone', { state: 'down' })]
    const { host, remote } = fakeHost('web1', 'manager', { nodes })
    expect(await refusal([{ host }]))
      .to.contain('web2 (192.168.56.12)')
      .and.not.contain('gone')
    expect(told(remote, ' start first /var/lib/swarmproof/run-1')).to.be.above(0)
    expect(told(remote, cleaning)).to.be.above(told(remote, 'docker node inspect'))
    expect(told(remote, 'docker network create'), 'networks created').to.equal(-1)
  })

  it('says so when no node takes tasks', async () => {
    const nodes = [
      listed('web1', { availability: 'drain' }),
      listed('web2', { state: 'down', availability: 'pause' }),
    ]
    const fakes = [fakeHost('web1', 'manager', { nodes }), fakeHost('web2', 'worker')]
    expect(await refusal(fakes))
      .to.contain('no node of the swarm takes tasks')
      .and.contain('web1: ready, drain')
  })

  it('has every host told to leave before a swarm is begun, and cleans up when it does not come about', async () => {
    const fakes = ['web1', 'web2'].map((name) => fakeHost(name, 'manager', { state: 'inactive' }))
    fakes[0]?.remote.answer('docker swarm init', { exitCode: 1, stderr: 'could not choose an IP address' })
    expect(await refusal(fakes, { init: true })).to.contain('could not choose an IP address')
    for (const { remote } of fakes) {
      const leave = told(remote, "/var/lib/swarmproof/run-1 'swarm 2160h0m0.")
      expect(leave).to.be.above(0)
      expect(told(remote, "'bridge yes'")).to.equal(leave)
      expect(told(remote, cleaning)).to.be.above(leave)
    }
    const { commands } = fakes[0]?.remote ?? { commands: [] }
    const begun = commands.findIndex((command) => command.startsWith('docker swarm init'))
    expect(begun).to.be.above(commands.findIndex((command) => command.includes("'swarm 2160h0m0.")))
    expect(commands[begun], 'the swarm is known by what it is made with').to.match(
      / --cert-expiry 2160h0m0\.\d{8}[1-9]s >\/dev\/null$/,
    )
  })

  it('waits no longer for what a host has removed by itself', async () => {
    const { host, remote } = fakeHost('web1', 'manager', { state: 'inactive' })
    remote
      .answer('docker swarm', 'SWMTKN-1-x\nSWMTKN-1-y\n')
      .answer("docker info --format '{{.Swarm.NodeID}}'", `${nodeId}\n`)
      .answer(/docker node ls --format '(?!\{\{.ID)/, 'web1 Down\n')
      .answer(/ beat \/var\/lib\/swarmproof\/run-1 \S* \d+$/, () => ({
        exitCode: told(remote, 'docker node ls') === -1 ? 0 : 44,
      }))
    expect(await refusal([{ host }], { init: true, guard: { beatMs: 20 } })).to.contain('assumed it dead')
    expect(told(remote, cleaning)).to.be.above(told(remote, 'docker node ls'))
  })

  it('takes back the order to leave when the swarm is to stay', async () => {
    const nodes = [{ ...listed('web1', { availability: 'drain' }), ID: nodeId }]
    const { host, remote } = fakeHost('web1', 'manager', { state: 'inactive', nodes })
    const swarm = { NodeID: nodeId, LocalNodeState: 'active', ControlAvailable: true }
    remote
      .answer('docker swarm', 'SWMTKN-1-x\nSWMTKN-1-y\n')
      .answer("docker info --format '{{.Swarm.NodeID}}'", `${nodeId}\n`)
      .answer(/docker node ls --format '(?!\{\{.ID)/, 'web1 Ready\n')
      .answer("docker node ls --format '{{.ID}} {{.ManagerStatus}}'", `${nodeId} Leader\n`)
      .answer('{{.ServerVersion}}', `${JSON.stringify(swarm)}\n26.1.5\n6.12.1\n`)
      .answer(
        'docker network ls --format',
        ['ingress', 'docker_gwbridge'].map((name) => `${JSON.stringify({ name })}\n`).join(''),
      )
      .answer('docker network ls --filter driver=overlay', '')
      .answer('{{.Swarm.LocalNodeState}}', 'inactive\nbridge\n')
    expect(await refusal([{ host }], { init: true })).to.contain('no node of the swarm takes tasks')
    const noted = told(remote, `'swarm ${nodeId}' 'swarm 192.168.56.11:2377'`)
    expect(noted).to.be.above(told(remote, 'docker swarm init'))
    expect(told(remote, ' stay /var/lib/swarmproof/run-1')).to.be.above(noted)
    expect(told(remote, 'docker swarm update --cert-expiry 2160h0m0s')).to.be.above(noted)
  })
})
