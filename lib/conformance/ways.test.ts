import { expect } from 'chai'
import { storedFiles } from '../../suites/stored/stored-run.ts'
import type { ClusterFacts } from '../observation/facts.ts'
import type { ProbeRequest } from '../probe/probe.ts'
import { waysOf } from './ways.ts'

const [, text] =
  Object.entries(storedFiles('standard-conformant')).find(([file]) => file.includes('facts')) ?? []
const facts = JSON.parse(text ?? 'null') as ClusterFacts

describe('ways that a request depends on', () => {
  const request = (
    to: string,
    port?: number,
    namespace: ProbeRequest['from']['namespace'] = { pid: 1 },
  ): ProbeRequest =>
    ({
      ...{ kind: port === undefined ? 'icmp' : 'tcp', to },
      ...{ from: { host: { name: 'worker2' }, namespace }, port },
    }) as unknown as ProbeRequest
  const { web } = facts.services
  const { clear } = facts.networks
  const nodes = [
    ...new Set(facts.tasks.filter(({ service }) => service === web.name).map(({ node }) => node)),
  ]

  it('are one for a task', () => {
    const task = facts.tasks.find(({ service, node }) => service === web.name && node === nodes[0])
    const { address = '' } = task?.endpoints[clear.name] ?? {}
    expect(waysOf(facts)(request(address))).to.deep.equal({
      ...{ direct: true, ways: [`worker2 ${clear.name} ${nodes[0]}`] },
    })
  })

  it('lead to each node that a virtual IP may choose', () => {
    const ways = waysOf(facts)(request(web.vips[clear.id] ?? '', 80))
    expect(ways).to.deep.equal({
      ...{ direct: false, ways: nodes.map((node) => `worker2 ${clear.name} ${node}`) },
    })
  })

  it('lead on from the node whose published port is asked', () => {
    const [manager] = facts.nodes
    const port = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
    const ways = waysOf(facts)(request(manager?.advertise.address ?? '', port?.publishedPort))
    const others = nodes.filter((node) => node !== manager?.name)
    expect(ways).to.deep.equal({
      ...{ direct: false, ways: others.map((node) => `${manager?.name} ${clear.name} ${node}`) },
    })
  })

  it('are none for what nothing is known of, nor from a host into an overlay, where others may answer', () => {
    const none = { direct: false, ways: [] }
    const [task] = facts.tasks.filter(({ endpoints }) => endpoints[clear.name] !== undefined)
    expect(waysOf(facts)(request(task?.endpoints[clear.name]?.address ?? '', 80, 'host'))).to.deep.equal(none)
    expect(waysOf(facts)(request('192.0.2.1', 8080))).to.deep.equal(none)
    expect(waysOf(facts)(request(facts.nodes[0]?.advertise.address ?? ''))).to.deep.equal(none)
  })
})
