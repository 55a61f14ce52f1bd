import { expect } from 'chai'
import { parseNftables } from '../../../lib/observe/nftables.ts'
import { recorded } from '../../../lib/observe/recorded/recorded.fake.ts'
import { choosesAtRandom, randomBackends, someChooseAtRandom } from '../../../lib/observe/random-balancer.ts'
import { randomBalancingProblems } from './random-balancer.ts'

const state = { ipvs: [], nftables: parseNftables(recorded('nft-balancer', 'ruleset.json')) }
const [first, second] = [
  { name: 'swp-web@worker1', address: '10.91.1.3' },
  { name: 'swp-web@worker2', address: '10.91.1.4' },
]
const vip = '10.91.1.2'
const place = { node: 'worker1', network: 'swp-clear', service: 'swp-web', address: vip }

describe('a balancer of nftables rules', () => {
  /** Written from the facts of moby/moby#53125, not recorded. */
  const balancing = (mode: string) =>
    parseNftables(
      JSON.stringify({
        nftables: [
          { chain: { family: 'ip', table: 'docker-lb-nat', name: 'dnat', handle: 1 } },
          {
            rule: {
              ...{ family: 'ip', table: 'docker-lb-nat', chain: 'dnat', handle: 2 },
              expr: [
                {
                  dnat: {
                    addr: { map: { key: { numgen: { mode, mod: 65536, offset: 0 } }, data: '@backends' } },
                  },
                },
              ],
            },
          },
        ],
      }),
    )

  it('chooses at random where its rules do and nothing is left to IPVS', () => {
    expect(choosesAtRandom({ ipvs: [], nftables: balancing('random') })).to.equal(true)
    expect(choosesAtRandom({ ipvs: [], nftables: balancing('inc') })).to.equal(false)
    const ipvs = [{ firewallMark: 256, scheduler: 'rr', destinations: [] }]
    expect(choosesAtRandom({ ipvs, nftables: balancing('random') })).to.equal(false)
    expect(choosesAtRandom({ ipvs: [] })).to.equal(false)
    expect(choosesAtRandom(undefined)).to.equal(false)
  })

  it('says what it chooses from, by virtual IP', () => {
    expect(randomBackends(state)).to.deep.equal([
      { vip, address: '10.91.1.3' },
      { vip, address: '10.91.1.4' },
    ])
    // An expression that does not say it, and one that does not choose.
    expect(randomBackends({ ipvs: [], nftables: balancing('random') })).to.equal(undefined)
    expect(randomBackends({ ipvs: [], nftables: balancing('inc') })).to.equal(undefined)
    expect(randomBackends(undefined)).to.equal(undefined)
  })

  it('must choose from exactly the running tasks', () => {
    const found = (...backends: { name: string; address: string }[]) =>
      randomBalancingProblems(randomBackends(state) ?? [], vip, backends, place).map(
        ({ code, kind, address }) => `${code} ${kind} ${address ?? ''}`,
      )
    expect(found(first, second)).to.deep.equal([])
    expect(found(first)).to.deep.equal(['balancer-lists-stranger seen 10.91.1.4'])
    expect(found(first, second, { name: 'swp-web@manager', address: '10.91.1.6' })).to.deep.equal([
      'balancer-lacks-task missed 10.91.1.6',
    ])
    expect(randomBalancingProblems([], vip, [first], place)).to.deep.equal([
      { ...place, code: 'balancer-not-set-up', kind: 'missed' },
    ])
    expect(randomBalancingProblems([], vip, [], place)).to.deep.equal([])
  })

  it('is looked for by its name on every node', () => {
    const host = (namespaces: object) => ({ namespaces }) as never
    const seen = { manager: host({}), worker1: host({ lb_clearneti: state }) }
    expect(someChooseAtRandom(seen, 'lb_clearneti')).to.equal(true)
    expect(someChooseAtRandom(seen, 'ingress_sbox')).to.equal(false)
  })
})
