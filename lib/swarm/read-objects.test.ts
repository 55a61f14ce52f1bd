import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { readNetwork, readService, readTasks, serviceOrNone } from './read-objects.ts'
import { answerJson, ServedEngine } from './served-engine.fake.ts'
import { readTaskStates } from './task-states.ts'
import { Trial } from './trial.ts'

/** What engines answered about a trial of three tasks, of containers what is about their labels, state and networks. */
const recorded = JSON.parse(readFileSync(new URL('fixtures/trial-by-api.json', import.meta.url), 'utf8')) as {
  readonly network: object
  readonly service: object
  readonly tasks: readonly {
    readonly ID: string
    readonly NodeID: string
    readonly Status: { readonly State: string }
  }[]
  readonly containers: readonly { readonly Id: string }[]
}
const { service, network, tasks, containers } = recorded
const [firstTask] = tasks

/** A node for each task; the first is the manager. `seen` is what it lists as tasks. */
function swarm(seen: () => readonly object[] = () => tasks): { cluster: Cluster; remotes: ServedEngine[] } {
  const answers: Readonly<Record<string, () => unknown>> = {
    '/services/swp-apim2-it': () => service,
    '/networks/swp-apim2-n': () => network,
    '/tasks': seen,
    ...Object.fromEntries(containers.map((one) => [`/containers/${one.Id}/json`, () => one])),
  }
  const remotes = tasks.map(
    (_, index) =>
      new ServedEngine(`node${index}`, ({ url = '' }, answer) => {
        const path = url.split('?')[0] ?? ''
        if (path === '/events') return void answer.writeHead(200).flushHeaders()
        const found = answers[path]?.()
        if (found === undefined) return answerJson(answer, { message: `no such thing: ${path}` }, 404)
        answerJson(answer, found)
      }),
  )
  const nodes = tasks.map(({ NodeID }, index): ClusterNode => {
    const remote = remotes[index]
    return { nodeId: NodeID, host: { name: remote?.host, remote } as unknown as Host } as ClusterNode
  })
  const [manager] = nodes
  if (manager === undefined) throw new Error('no task was recorded')
  return { cluster: { nodes, manager, dataPathPort: 4789 }, remotes }
}

describe('objects of a trial by the API', () => {
  it('are read by their names alone, of containers on the node each is on', async () => {
    const { cluster, remotes } = swarm()
    const read = await readTasks(cluster, ['swp-apim2-it'])
    expect(read.map(({ service: of, node, pid }) => `${of} ${node.host.name} ${pid}`)).to.deep.equal([
      'swp-apim2-it node0 20710',
      ...read.slice(1).map(({ node, pid }) => `swp-apim2-it ${node.host.name} ${pid}`),
    ])
    expect(read.map(({ node }) => node.host.name)).to.deep.equal(['node0', 'node1', 'node2'])
    expect(read[0]?.endpoints['swp-apim2-n']).to.deep.equal({
      ...{ address: '10.0.36.5', prefixLength: 24, mac: '02:42:0a:00:24:05' },
    })
    expect(remotes[0]?.requests.slice(0, 2)).to.deep.equal([
      'GET /services/swp-apim2-it',
      'GET /tasks?filters={"service":["swp-apim2-it"],"desired-state":["running"]}',
    ])
    expect(remotes.map(({ requests }) => requests.at(-1))).to.deep.equal(
      containers.map(({ Id }) => `GET /containers/${Id}/json`),
    )
  })

  it('are what the manager tells: network, service, states of tasks', async () => {
    const { cluster } = swarm()
    expect(await readNetwork(cluster, 'swp-apim2-n')).to.deep.include({
      ...{ name: 'swp-apim2-n', subnet: '10.0.36.0/24', gateway: '10.0.36.1', vni: 4141, encrypted: false },
    })
    const it = await readService(cluster, 'swp-apim2-it')
    expect(it).to.deep.include({ endpointMode: 'vip', published: [] })
    expect(Object.values(it.vips)).to.deep.equal(['10.0.36.2'])
    expect(await serviceOrNone(cluster, 'swp-apim2-gone')).to.equal(undefined)
    expect((await readTaskStates(cluster, it.name))[0]).to.deep.equal({
      ...{ id: firstTask?.ID, slot: 3, state: 'running', desired: 'running', message: 'started', error: '' },
      addresses: ['10.0.36.5'],
    })
  })

  it('are waited for: tasks count once the manager says that they run', async () => {
    const starting = tasks.map((task) => ({ ...task, Status: { ...task.Status, State: 'starting' } }))
    const seen = [[], starting, [...tasks.slice(1), ...starting.slice(0, 1)], tasks, tasks]
    const { cluster, remotes } = swarm(() => seen.shift() ?? tasks)
    const stack = { namePrefix: 'swp', probeNonce: '0123456789abcdef01234567' }
    const { signal } = new AbortController()
    const trial = new Trial(cluster, { name: 'apim2', label: 'api-measure', stack, signal })
    const soon = trial.running([{ name: 'swp-apim2-it' }], 3)
    const looks = async (): Promise<number> => {
      await new Promise(setImmediate)
      return remotes[0]?.requests.filter((request) => request.startsWith('GET /tasks')).length ?? 0
    }
    expect((await soon).map(({ id }) => id)).to.deep.equal(tasks.map(({ ID }) => ID))
    expect(await looks()).to.equal(5)
    for (const { requests } of remotes)
      expect(requests.filter((request) => request.startsWith('GET /events'))).to.have.lengthOf(1)
  }).timeout(10_000)
})
