import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { chain } from './ing-05-chain.ts'
import { customIngress } from './ing-10-custom-ingress.ts'
import {
  codes,
  emptyTables,
  facts,
  inet,
  judge,
  kernelOf,
  lost,
  noIngress,
  outcomeOf,
  whole,
} from './ing.fake.ts'

describe('judging the chain of every node', () => {
  it('passes when all lead to the tasks', () => {
    expect(outcomeOf(judge(chain, { kernel: kernelOf() }))).to.equal('pass')
  })

  it('fails where one node lacks it, and judges the others though one could not be read', () => {
    const seen = kernelOf((name) => {
      if (name === 'worker1') return { namespaces: {} }
      return name === 'worker2' ? lost('namespace /run/docker/netns/ingress_sbox', 'nsenter', '') : {}
    })
    const judged = judge(chain, { kernel: seen })
    expect(judged.problems).to.deep.equal([
      { code: 'ingress-sandbox-missing', kind: 'missed', node: 'worker1', subject: 'ingress_sbox' },
    ])
    expect(judged.unseen.map(({ nodes: of }) => of)).to.deep.equal([['worker2']])
    expect(outcomeOf(judged)).to.equal('fail')
  })

  it('fails where another service’s port has no rule on a node, and says where others could not be read', () => {
    const port = { node: 'worker1', service: 'zzweb', network: 'ingress', protocol: 'tcp', port: 8099 }
    const seen = {
      ports: [{ ...port, tasks: ['10.0.0.12'], mark: 269, ipvs: null }],
      balancers: [],
      unread: [],
    }
    const polled = { reached: false, seconds: 30, withinSeconds: 30, failedLooks: 0, last: seen }
    const others = { got: { ...polled, looks: [{ atSeconds: 0, seen }] } }
    const judged = judge(chain, { kernel: kernelOf(), others })
    expect(codes(judged)).to.include('port-not-translated')
    expect(outcomeOf(judged)).to.equal('fail')
    expect(outcomeOf(judge(chain, { kernel: kernelOf(), others: { threw: 'no' } }))).to.equal('inconclusive')
  })

  it('is skipped without the tool that reads it, or without ingress', () => {
    const tool = kernelOf(() => lost('firewall', 'iptables-save', 'iptables'))
    expect(outcomeOf(judge(chain, { kernel: tool }))).to.equal('skip')
    expect(outcomeOf(judge(chain, { kernel: kernelOf() }, noIngress))).to.equal('skip')
  })
})

describe('judging a custom ingress', () => {
  const wanted = {
    name: 'ingress',
    subnet: '10.0.0.0/24',
    gateway: '10.0.0.1',
    mtuBytes: 1200,
    encrypted: false,
  }
  const swarm = { ...facts.topology.swarm, ingress: wanted }
  const custom: ClusterFacts = { ...facts, topology: { ...facts.topology, swarm } }
  const kernel = (change: (node: string) => object = () => ({})) =>
    kernelOf((name) => ({
      namespaces: {
        ingress_sbox: { ...emptyTables, links: [inet('eth0', '10.0.0.2', 1150)] },
        ...Object.fromEntries(
          custom.tasks
            .filter((one) => one.node === name && one.endpoints.ingress !== undefined)
            .map(({ id, endpoints }) => [
              id,
              { ...emptyTables, links: [inet('eth0', endpoints.ingress?.address ?? '', 1150)] },
            ]),
        ),
      },
      ...change(name),
    }))

  it('passes when all is as asked for and the port answers', () => {
    const judged = judge(customIngress, { kernel: kernel(), ...whole }, custom)
    expect(judged.problems).to.deep.equal([])
    expect(outcomeOf(judged)).to.equal('pass')
  })

  it('names the interface that differs and the node it is on', () => {
    const links = [inet('eth0', '10.0.0.1', 1450)]
    const sandbox = (name: string) =>
      name === 'manager' ? { namespaces: { ingress_sbox: { ...emptyTables, links } } } : {}
    const judged = judge(customIngress, { kernel: kernel(sandbox), ...whole }, custom)
    const place = { kind: 'seen', node: 'manager', subject: 'eth0 of ingress_sbox' }
    expect(judged.problems).to.deep.equal([
      { ...place, code: 'ingress-mtu-differs', expected: 1150, observed: 1450 },
      { ...place, code: 'ingress-gateway-address-used', address: '10.0.0.1' },
    ])
  })

  it('tells what is not there from what could not be read', () => {
    const bare = (name: string) => (name === 'worker1' ? { namespaces: {} } : {})
    const lacking = judge(customIngress, { kernel: kernel(bare), ...whole }, custom)
    expect(codes(lacking)).to.deep.equal([
      ...['ingress-sandbox-without-address', 'ingress-interface-missing', 'ingress-interface-missing'],
    ])
    const unread = (name: string) =>
      name === 'worker1'
        ? {
            namespaces: { ingress_sbox: { ...emptyTables, links: [inet('eth0', '10.0.0.2', 1150)] } },
            ...lost('namespace /run/docker/netns/abc', 'nsenter', ''),
          }
        : {}
    const judged = judge(customIngress, { kernel: kernel(unread), ...whole }, custom)
    expect(outcomeOf(judged)).to.equal('inconclusive')
    expect(judged.problems).to.deep.equal([])
  })

  it('names a setting that the manager shows otherwise', () => {
    const swarmOf = { ...swarm, ingress: { ...wanted, gateway: '10.0.0.254' } }
    const other = { ...custom, topology: { ...custom.topology, swarm: swarmOf } }
    expect(judge(customIngress, { kernel: kernel(), ...whole }, other).problems).to.deep.equal([
      {
        ...{ code: 'ingress-setting-differs', kind: 'seen', node: 'manager', subject: 'gateway' },
        ...{ expected: '10.0.0.254', observed: '10.0.0.1' },
      },
    ])
  })
})
