import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import type { SshDestination } from '../remote/open-ssh/destination.ts'
import { discoverNodes, type FoundSwarm } from './discover-nodes.ts'
import { inSwarm, knownHost, noSwarm } from './known-host.fake.ts'
import { allOrNone, reachHosts } from './reach-hosts.ts'

/** A node's id as swarmkit makes them. */
const idOf = (name: string): string => name.padEnd(25, '0')

const node = (name: string, role: string, address: string, state = 'ready', manager?: string): string =>
  JSON.stringify({
    ID: idOf(name),
    Description: { Hostname: `host-${name}` },
    Spec: { Role: role, Availability: 'active' },
    Status: { State: state, Addr: address },
    ...(manager === undefined ? {} : { ManagerStatus: { Addr: manager, Leader: true } }),
  })

const nodes = [
  node('n1', 'manager', '0.0.0.0', 'ready', '10.0.0.1:2377'),
  node('n2', 'worker', '10.0.0.2'),
  node('n3', 'worker', '10.0.0.3', 'down'),
].join('\n')

/** What the facts script prints on a node. */
function printed(name: string, state = 'active'): string {
  const swarm = {
    NodeID: name === '' ? '' : idOf(name),
    NodeAddr: '10.0.0.2',
    LocalNodeState: state,
    ControlAvailable: false,
  }
  return [
    '@@ clock 1795266188086492423',
    '@@ system\nhostname x\nuid 0\narchitecture x86_64\nkernel 6\nprocessors 1',
    '@@ engine\n{"Version":"28.5.2","ApiVersion":"1.51"}',
    `@@ info\n${JSON.stringify({ Swarm: swarm })}`,
    '@@ clock 1795266188086492423\n@@ end\n',
  ].join('\n')
}

const seed = (): ReturnType<typeof knownHost> => {
  const host = knownHost('seed', {
    swarm: inSwarm(idOf('n1'), '10.0.0.1', { isManager: true, clusterId: idOf('c') }),
  })
  host.remote.answer('docker node inspect', nodes)
  return host
}

interface Tried {
  readonly destinations: SshDestination[]
  readonly found: Promise<FoundSwarm>
}

function discover(
  hosts = [seed()],
  answer: () => FakeRemote = () => new FakeRemote().answer(/./, inSections(printed('n2'))),
): Tried {
  const destinations: SshDestination[] = []
  const connect = async (destination: SshDestination): Promise<FakeRemote> => {
    destinations.push(destination)
    return answer()
  }
  const { signal } = new AbortController()
  return { destinations, found: discoverNodes(hosts, { connect, progress: silentProgress, signal }) }
}

async function refusal(found: Promise<unknown>): Promise<SwarmproofError> {
  const error = await found.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(SwarmproofError)
  return error as SwarmproofError
}

describe('nodes of a running swarm', () => {
  it('are found from one manager, and reached as it is', async () => {
    const { destinations, found } = discover()
    const { hosts, warnings } = await found
    expect(destinations).to.deep.equal([
      {
        name: 'host-n2',
        hostname: '10.0.0.2',
        user: 'ops',
        port: 2222,
        identityFiles: ['/k'],
        proxyJump: 'bastion',
      },
    ])
    expect(hosts.map(({ inventory }) => [inventory.name, inventory.role])).to.deep.equal([
      ['seed', 'manager'],
      ['host-n2', 'worker'],
    ])
    expect(warnings).to.deep.equal(["node host-n3 is down in the swarm's own list; it is not verified"])
  })

  it('are not looked for where all were named', async () => {
    const { destinations, found } = discover([
      seed(),
      knownHost('b', { swarm: inSwarm(idOf('n2'), '10.0.0.2') }),
    ])
    expect((await found).hosts).to.have.lengthOf(2)
    expect(destinations).to.deep.equal([])
  })

  it('are named with what to do where they cannot be reached', async () => {
    const error = await refusal(
      discover([seed()], () => {
        throw new Error('connect ECONNREFUSED')
      }).found,
    )
    expect(error.code).to.equal('NODES_UNREACHABLE')
    expect(error.message)
      .to.contain('- host-n2 (10.0.0.2): connect ECONNREFUSED')
      .and.to.contain('jump: ops@seed:2222')
  })

  it('are told from another machine at the same address', async () => {
    const { found } = discover([seed()], () =>
      new FakeRemote().answer(/./, inSections(printed('', 'inactive'))),
    )
    const error = await refusal(found)
    expect(error.detail).to.deep.include({
      code: 'NODE_MISTAKEN',
      host: 'host-n2',
      observed: 'a host in no swarm',
    })
  })

  it('are refused where there is no swarm, no manager, or another swarm', async () => {
    const codes = await Promise.all(
      [
        [knownHost('a', { swarm: noSwarm })],
        [knownHost('a', { swarm: inSwarm(idOf('n2'), '10.0.0.2') })],
        [knownHost('a', { swarm: { ...noSwarm, state: 'locked' as const } })],
        [seed(), knownHost('b', { swarm: inSwarm(idOf('other'), '10.9.0.2') })],
      ].map(async (hosts) => (await refusal(discover(hosts).found)).code),
    )
    expect(codes).to.deep.equal(['NO_SWARM', 'NO_MANAGER_GIVEN', 'SWARM_NOT_ACTIVE', 'NOT_IN_SWARM'])
  })
})

describe('a swarm over IPv6', () => {
  const host = knownHost('seed', {
    swarm: inSwarm(idOf('n1'), 'fd00:99::11', { isManager: true, clusterId: idOf('c') }),
  })

  it('is refused as just that, before any other node is reached', async () => {
    const { destinations, found } = discover([host])
    const error = await refusal(found)
    expect(error.code).to.equal('UNDERLAY_IS_IPV6')
    expect(error.message).to.contain('fd00:99::11').and.not.contain('translated')
    expect(destinations).to.deep.equal([])
    expect(host.remote.commands).to.deep.equal([])
  })
})

describe('reaching hosts', () => {
  const reach = (answers: Readonly<Record<string, string>>): ReturnType<typeof reachHosts> =>
    reachHosts(
      Object.keys(answers).map((name) => ({ name, destination: { name, hostname: name } })),
      {
        connect: async ({ name }) => new FakeRemote(name).answer(/./, inSections(answers[name] ?? '')),
        progress: silentProgress,
        signal: new AbortController().signal,
      },
    )
  const system = '@@ clock 1795266188086492423\n@@ system\nuid 0'

  it('names each reason by its host, all at once', async () => {
    const reached = await reach({
      sound: printed('n1'),
      bare: `${system}\n@@ no-docker\n@@ end`,
      off: `${system}\n@@ no-engine\nCannot connect to the Docker daemon\n@@ end`,
      closed: `${system}\n@@ denied\n/var/run/docker.sock\n@@ end`,
      stand: `${system}\n@@ podman\npodman version 4.3.1\n@@ end`,
      cut: system,
    })
    expect(reached.map((one) => (one.ok ? 'ok' : (one.error as SwarmproofError).code))).to.deep.equal([
      'ok',
      'DOCKER_MISSING',
      'DOCKER_NOT_RUNNING',
      'DOCKER_DENIED',
      'DOCKER_IS_PODMAN',
      'FACTS_TRUNCATED',
    ])
    expect(() => allOrNone(reached)).to.throw(
      '5 of 6 hosts cannot be verified:\n- bare: there is no docker command',
    )
  })

  it('refuses a user who is not root', async () => {
    const [one] = await reach({ a: printed('n1').replace('uid 0', 'uid 1000') })
    expect(() => allOrNone(one === undefined ? [] : [one])).to.throw('kernel state can be read by root alone')
  })
})
