import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { fixed } from './adr-02-fixed.ts'

const { topology } = threeNodes()
const addressPools = { pools: ['10.60.0.0/24', '10.70.0.0/24'], maskLength: 26 }
const facts: ClusterFacts = threeNodes({
  topology: { ...topology, swarm: { ...topology.swarm, addressPools } },
})
const update = {
  ...{ command: 'docker swarm update --default-addr-pool 10.222.0.0/16', accepted: false },
  words: 'unknown flag: --default-addr-pool',
}
const init = {
  ...{ command: 'docker swarm init --advertise-addr 192.168.56.11 --default-addr-pool 10.222.0.0/16' },
  ...{ accepted: false, words: 'Error response from daemon: This node is already part of a swarm.' },
}
const stated = '10.60.0.0/24 10.70.0.0/24 /26'
const codesOf = (seen: object): string[] =>
  verdictOf(fixed, { before: stated, answers: [update, init], after: stated, ...seen }, facts).problems.map(
    ({ code }) => code,
  )

describe('ADR-02', () => {
  it('passes where both commands are refused with a reason and the pools stay', () => {
    const seen = { before: stated, answers: [update, init], after: stated }
    expect(verdictOf(fixed, seen, facts).outcome).to.equal('pass')
  })

  it('fails where one is accepted, or refused for another reason', () => {
    expect(codesOf({ answers: [{ ...update, accepted: true }, init] })).to.deep.equal(['change-accepted'])
    expect(codesOf({ answers: [update, { ...init, words: 'permission denied' }] })).to.deep.equal([
      'refused-without-reason',
    ])
  })

  it('fails once where the pools are others, before and after alike', () => {
    const others = { before: '10.0.0.0/8 /24', after: '10.0.0.0/8 /24' }
    expect(codesOf(others)).to.deep.equal(['engine-states-otherwise'])
  })
})
