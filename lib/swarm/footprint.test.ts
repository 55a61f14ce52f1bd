import { expect } from 'chai'
import { loadedImageName } from '../loaded-image.ts'
import { overlaps } from '../topology/cidr.ts'
import type { Topology } from '../topology/topology.ts'
import { chooseFootprint, withFootprint } from './footprint.ts'
import type { Occupied, OccupiedHost } from './occupied.ts'

const host = (changes: Partial<OccupiedHost> = {}): OccupiedHost => ({
  host: 'web1',
  routes: ['10.20.0.0/16', '192.168.7.0/24'],
  addresses: ['10.20.0.4', '172.16.9.9'],
  networks: ['172.17.0.0/16', '172.18.0.0/16'],
  localPools: ['172.17.0.0/16', '172.18.0.0/15', '172.20.0.0/14', '172.24.0.0/13', '192.168.0.0/16'],
  ports: [22, 8080, 20_000],
  ephemeral: [32_768, 60_999],
  ...changes,
})

const occupied = (hosts: OccupiedHost[], swarm: Partial<Occupied['swarm']> = {}): Occupied => ({
  hosts,
  swarm: { pools: ['10.0.0.0/8'], networks: ['10.0.0.0/24'], ports: [443, 30_001], ...swarm },
})

function chances(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

describe('chooseFootprint', () => {
  const blocksOf = ({ hosts, swarm }: Occupied): string[] => [
    ...hosts.flatMap(({ routes, addresses, networks }) => [...routes, ...addresses, ...networks]),
    ...swarm.networks,
    ...swarm.pools,
  ]

  it('takes what nobody has, whatever chance says', () => {
    const there = occupied([host(), host({ host: 'web2', ports: [25_000], ephemeral: [15_000, 60_999] })])
    for (let seed = 1; seed < 40; seed += 1) {
      const { prefix, clear, secret, ports } = chooseFootprint(there, chances(seed))
      expect(prefix).to.match(/^swp-[a-z2-9]{4}$/)
      for (const { subnet } of [clear, secret]) {
        for (const block of [...blocksOf(there), ...(there.hosts[0]?.localPools ?? [])])
          expect(overlaps(subnet, block), `${subnet} and ${block}`).to.equal(false)
      }
      expect(overlaps(clear.subnet, secret.subnet)).to.equal(false)
      expect(overlaps(clear.subnet, clear.gateway)).to.equal(true)
      expect(new Set(ports).size).to.equal(4)
      for (const port of ports) {
        expect(port).to.be.within(10_000, 14_999)
      }
    }
  })

  it('never takes a port that is bound on one host, published in the swarm or ephemeral anywhere', () => {
    const free = [20_111, 20_222, 20_333, 20_444]
    const all = Array.from({ length: 65_535 }, (_, index) => index + 1)
    const bound = all.filter((port) => !free.includes(port) && port % 3 === 0)
    const published = all.filter((port) => !free.includes(port) && port % 3 === 1 && port < 32_768)
    const named = all.filter((port) => !free.includes(port) && port % 3 === 2)
    const there = occupied([host({ ports: bound }), host({ ports: named })], { ports: published })
    const { ports } = chooseFootprint(
      { ...there, hosts: there.hosts.map((one) => ({ ...one, ephemeral: [32_768, 65_535] as const })) },
      chances(5),
    )
    expect([...ports].sort()).to.deep.equal(free)
  })

  it('uses the pools of the engines when all else is taken, never those of the swarm', () => {
    const there = occupied([host({ routes: ['172.16.0.0/16'] })])
    const tight = occupied([host({ routes: ['172.16.0.0/16', '100.64.0.0/10', '198.18.0.0/15'] })])
    expect(chooseFootprint(there, chances(3)).clear.subnet).to.match(/^100\./)
    const { clear } = chooseFootprint(tight, chances(3))
    expect(clear.subnet).to.match(/^(172|192)\./)
    for (const block of blocksOf(tight)) expect(overlaps(clear.subnet, block)).to.equal(false)
  })

  it('stays out of the pool a swarm will have that is still to be made', () => {
    const there = occupied([host()], { pools: [], networks: [], ports: [] })
    expect(overlaps(chooseFootprint(there, chances(1)).clear.subnet, '10.0.0.0/8')).to.equal(false)
  })

  it('says when nothing is free', () => {
    const full = ['172.16.0.0/12', '10.0.0.0/8', '192.168.0.0/16', '100.64.0.0/10', '198.18.0.0/15']
    expect(() => chooseFootprint(occupied([host({ routes: full })])))
      .to.throw()
      .with.property('code', 'NO_FREE_SUBNET')
    const ephemeral = [1024, 65_535] as const
    expect(() => chooseFootprint(occupied([host({ ephemeral })])))
      .to.throw()
      .with.property('code', 'NO_FREE_PORT')
  })
})

describe('withFootprint', () => {
  it('puts it into the stack and leaves the rest', () => {
    const stack = { clear: { subnet: 'x', gateway: 'y', mtuBytes: 1400 }, secret: {}, publishedPort: 8080 }
    const topology = { name: 'mine', stack } as unknown as Topology
    const footprint = chooseFootprint(occupied([host()]), chances(9))
    const made = withFootprint(topology, footprint, { probeImage: loadedImageName('x'), taskMemoryMib: 32 })
    expect(made.name).to.equal('mine')
    expect(made.stack.clear).to.deep.equal({ ...footprint.clear, mtuBytes: 1400 })
    expect(made.stack.publishedPort).to.equal(footprint.ports[0])
    expect(made.stack.ports).to.deep.equal(footprint.ports)
  })
})
