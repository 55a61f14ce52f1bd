import { expect } from 'chai'
import type { Cluster } from '../../lib/swarm/cluster.ts'
import type { Stack } from '../../lib/swarm/stack.ts'
import { namesToHide, readableNames } from './readable-names.ts'

const cluster = { nodes: [{ host: { name: 'worker1' } }, { host: { name: 'a' } }] } as unknown as Cluster
const stack = {
  services: { web: { name: 'swp-web' } },
  networks: { clear: { name: 'swp-clear' }, ingress: { name: 'ingress' } },
} as unknown as Stack

describe('readable names', () => {
  it('are those of services, networks and nodes, without those too short to tell', () => {
    expect(namesToHide(cluster, stack)).to.deep.equal(['swp-web', 'swp-clear', 'ingress', 'worker1'])
  })

  it('are found wherever they stand in a payload', () => {
    const payloads = [Buffer.from('\u0001\u0002xswp-webx'), Buffer.from('WORKER1')]
    expect(readableNames(payloads, ['swp-web', 'worker1'])).to.deep.equal(['swp-web'])
    expect(readableNames([], ['swp-web'])).to.deep.equal([])
  })
})
