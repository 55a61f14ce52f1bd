import { expect } from 'chai'
import type { ClusterFacts } from '../../lib/observation/facts.ts'
import { namesToHide, readableNames } from './readable-names.ts'

const facts = {
  nodes: [{ name: 'worker1' }, { name: 'a' }],
  services: { web: { name: 'swp-web' } },
  networks: { clear: { name: 'swp-clear' }, ingress: { name: 'ingress' } },
} as unknown as ClusterFacts

describe('readable names', () => {
  it('are those of services, networks and nodes, without those too short to tell', () => {
    expect(namesToHide(facts)).to.deep.equal(['swp-web', 'swp-clear', 'ingress', 'worker1'])
  })

  it('are found wherever they stand in a payload', () => {
    const payloads = [Buffer.from('\u0001\u0002xswp-webx'), Buffer.from('WORKER1')]
    expect(readableNames(payloads, ['swp-web', 'worker1'])).to.deep.equal(['swp-web'])
    expect(readableNames([], ['swp-web'])).to.deep.equal([])
  })
})
