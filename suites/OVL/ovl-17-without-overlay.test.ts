import { expect } from 'chai'
import { link } from '../host-states.fake.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { withoutOverlay } from './ovl-17-without-overlay.ts'
import { both, facts, on, own, probe, threw } from './reshaped.fake.ts'

describe('judging services without an overlay', () => {
  const veth = (name: string, ...addresses: string[]) => link(name, 1500, { kind: 'veth', addresses })
  const plain = (links: object[] | null = [veth('eth0', '172.17.0.2/16')]) => ({
    ...{ task: { ...on('worker1', {}, 'moving'), service: 'swp-reshape-moving' }, links },
    bridgeSubnet: '172.18.0.0/16',
  })
  const door = (...links: object[]) => ({
    ...{ task: on('worker2', { ingress: '10.0.0.9' }, 'door'), bridgeSubnet: '172.18.0.0/16' },
    links: links.length > 0 ? links : [onIngress, onBridge],
  })
  const onIngress = veth('eth0', '10.0.0.9/24')
  const onBridge = veth('eth1', '172.18.0.4/16')
  const tries = (attempt = '', control = both.hostname) => [
    {
      ...{ what: 'attempt', to: both.id, network: 'swp-clear', address: '10.91.1.8' },
      probe: probe('swp-reshape-moving@worker1', '10.91.1.8', attempt),
    },
    {
      ...{ what: 'control', to: both.id, network: 'docker_gwbridge', address: '172.18.0.3' },
      probe: probe('worker1', '172.18.0.3', control),
    },
  ]
  const seen = (change: object = {}) => ({
    reshaped: {
      ...{ service: 'swp-reshape-moving', own: { ...own, subnet: '', gateway: '' } },
      ...{ bare: { got: { plain: plain(), door: door(), tries: tries(), ...change } } },
      ...{ given: threw, taken: threw },
    },
  })
  const codes = (change: object) =>
    judge(withoutOverlay, seen(change), facts).problems.map(({ code, network }) => [code, network])

  it('passes for one on ingress and one on no network', () => {
    const judged = judge(withoutOverlay, seen(), facts)
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/none of its 1 requests/)
  })

  it('fails for addresses of networks that were not asked for', () => {
    const { problems } = judge(
      withoutOverlay,
      seen({ plain: plain([veth('eth0', '10.0.0.7/24', '172.17.0.2/16')]) }),
      facts,
    )
    expect(problems).to.deep.equal([
      {
        ...{ code: 'address-without-attachment', kind: 'seen', node: 'worker1', network: 'ingress' },
        ...{ service: 'swp-reshape-moving', subject: 'swp-reshape-moving@worker1' },
        ...{ address: '10.0.0.7', observed: 'eth0' },
      },
    ])
    expect(codes({ door: door(onIngress, onBridge, veth('eth2', '10.0.2.9/24')) })).to.deep.equal([
      ['address-without-attachment', 'swp-extra'],
    ])
  })

  it('fails for the one that publishes where interfaces lack, are several, stray or have other addresses', () => {
    expect(codes({ door: door(onIngress) })).to.deep.equal([['network-interface-missing', 'docker_gwbridge']])
    expect(codes({ door: door(onBridge) })).to.deep.equal([['network-interface-missing', 'ingress']])
    expect(codes({ door: door(onIngress, onBridge, veth('eth2', '172.18.0.5/16')) })).to.deep.equal([
      ['network-interface-not-single', 'docker_gwbridge'],
    ])
    expect(codes({ door: door(onIngress, onBridge, veth('eth2')) })).to.deep.equal([
      ['interface-unexpected', undefined],
    ])
    expect(codes({ door: door(veth('eth0', '10.0.0.9/16'), onBridge) })).to.deep.equal([
      ['prefix-length-differs', 'ingress'],
    ])
    expect(codes({ door: door(veth('eth0', '10.0.0.8/24', '10.0.0.7/32'), onBridge) })).to.deep.equal([
      ['address-not-held', 'ingress'],
    ])
  })

  it('fails for one that reaches tasks, whatever its host does', () => {
    const judged = judge(withoutOverlay, seen({ tries: tries(both.hostname, '') }), facts)
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems[0]).to.deep.include({
      ...{ code: 'reached-without-network', kind: 'seen', node: 'worker1', network: 'swp-clear' },
      ends: { from: 'swp-reshape-moving@worker1', to: 'swp-both@worker1' },
    })
  })

  it('says nothing without an answer to the host, without a namespace and without a look', () => {
    const silent = { tries: tries('', '') }
    expect(outcomeOf(judge(withoutOverlay, seen(silent), facts))).to.equal('inconclusive')
    expect(outcomeOf(judge(withoutOverlay, seen({ ...silent, door: door(onBridge) }), facts))).to.equal(
      'fail',
    )
    expect(outcomeOf(judge(withoutOverlay, seen({ tries: [] }), facts))).to.equal('inconclusive')
    expect(outcomeOf(judge(withoutOverlay, seen({ plain: plain(null) }), facts))).to.equal('inconclusive')
    const unseen = { reshaped: { ...seen().reshaped, bare: threw } }
    expect(outcomeOf(judge(withoutOverlay, unseen, facts))).to.equal('inconclusive')
  })

  it('is skipped in a swarm without ingress', () => {
    const { ingress: _, ...networks } = facts.networks
    expect(outcomeOf(judge(withoutOverlay, seen({ door: null }), { ...facts, networks }))).to.equal('skip')
  })
})
