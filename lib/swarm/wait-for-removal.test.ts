import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { answerJson, filtersOf, ServedEngine } from './served-engine.fake.ts'
import { removeNetworks, removeServices } from './wait-for-removal.ts'

interface FakeNode {
  readonly node: ClusterNode
  readonly remote: ServedEngine
  /** Ids of containers that run, of the service `swp-x-it`. */
  readonly running: Set<string>
  end(id: string): void
}

function fakeNode(name: string, running: readonly string[]): FakeNode {
  const containers = new Set(running)
  const events: ServerResponse[] = []
  const remote: ServedEngine = new ServedEngine(name, (asked, answer) => {
    const path = asked.url?.split('?')[0]
    if (asked.method === 'DELETE')
      return void answer.writeHead(path === '/services/gone' ? 404 : 204).end('{}')
    if (path === '/containers/json') {
      const ofIt = filtersOf(asked)['label']?.includes('com.docker.swarm.service.name=swp-x-it')
      return answerJson(answer, ofIt ? [...containers].map((Id) => ({ Id })) : [])
    }
    events.push(answer.writeHead(200))
    answer.flushHeaders()
  })
  const node = { host: { name, remote } as unknown as Host, nodeId: name } as ClusterNode
  const end = (id: string): void => {
    containers.delete(id)
    for (const told of events) told.write('{"Action":"die"}\n')
  }
  return { node, remote, running: containers, end }
}

function clusterOf(nodes: readonly FakeNode[]): Cluster {
  const [manager] = nodes.map(({ node }) => node)
  if (manager === undefined) throw new Error('no node')
  return { nodes: nodes.map(({ node }) => node), manager, dataPathPort: 4789 }
}

describe('removing services', () => {
  it('listens on every node, removes them, and waits until no container of theirs runs anywhere', async () => {
    const [manager, worker] = [fakeNode('manager', []), fakeNode('worker1', ['a', 'b'])]
    const removed = removeServices(clusterOf([manager, worker]), ['swp-x-it', 'gone'], 'run 1')
    let done = false
    void removed.then(() => (done = true))
    const looks = (): number =>
      worker.remote.requests.filter((request) => request.startsWith('GET /containers')).length
    while (looks() < 2) await new Promise(setImmediate)
    expect(worker.remote.requests[0]).to.equal(
      'GET /events?filters={"type":["container"],"event":["start","die","destroy"],"label":["swarmproof.run=run 1"]}',
    )
    expect(manager.remote.requests.slice(1, 3)).to.deep.equal([
      'DELETE /services/swp-x-it',
      'DELETE /services/gone',
    ])
    worker.end('a')
    while (looks() < 4) await new Promise(setImmediate)
    expect(done, 'while one runs').to.equal(false)
    worker.end('b')
    await removed
    expect(worker.remote.open, 'requests and events').to.equal(2)
  })

  it('tries again while the swarm has no leader', async () => {
    let leaderless = 1
    const manager = fakeNode('manager', [])
    const remote: ServedEngine = new ServedEngine('manager', (asked, answer) => {
      if (asked.method !== 'DELETE') return manager.remote.onRequest(asked, answer)
      leaderless -= 1
      if (leaderless < 0) return void answer.writeHead(200).end()
      answerJson(
        answer,
        { message: 'rpc error: code = Unknown desc = The swarm does not have a leader.' },
        500,
      )
    })
    const node = { host: { name: 'manager', remote } as unknown as Host, nodeId: 'manager' } as ClusterNode
    await removeServices({ nodes: [node], manager: node, dataPathPort: 4789 }, ['swp-x-it'], 'run 1')
    expect(remote.requests.filter((request) => request.startsWith('DELETE'))).to.have.lengthOf(2)
  })

  it('asks nothing where there is none', async () => {
    const manager = fakeNode('manager', [])
    await removeServices(clusterOf([manager]), [], 'run 1')
    expect(manager.remote.requests).to.deep.equal([])
  })
})

describe('removing networks', () => {
  it('tries again while one is held, and takes one that is not there for removed', async () => {
    let held = 2
    const remote = new ServedEngine('manager', (asked, answer) => {
      if (asked.url === '/networks/gone')
        return answerJson(answer, { message: 'network gone not found' }, 404)
      held -= 1
      if (held > 0) answerJson(answer, { message: 'network is in use by task x' }, 400)
      else answer.writeHead(204).end()
    })
    const node = { host: { name: 'manager', remote } as unknown as Host } as ClusterNode
    await removeNetworks({ nodes: [node], manager: node, dataPathPort: 4789 }, ['gone', 'net'])
    expect(remote.requests).to.deep.equal([
      'DELETE /networks/gone',
      'DELETE /networks/net',
      'DELETE /networks/net',
    ])
  })
})
