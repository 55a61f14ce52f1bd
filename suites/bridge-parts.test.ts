import { expect } from 'chai'
import type { Problem } from '../lib/observation/problem.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import type { ChangeKernel } from './stored/changed-kernel.fake.ts'

const network = 'swp-clear'
const lost = (to: string, from = 'swp-rr@manager'): Problem => ({
  ...{ code: 'not-delivered', kind: 'missed', network, protocol: 'UDP' },
  ...{ path: { from: from.split('@')[1] ?? '', to: 'worker2' }, ends: { from, to } },
})
const off = (subject: string, more: Partial<Problem> = {}): Problem => ({
  ...{ code: 'device-off-bridge', kind: 'seen', node: 'worker2', network, subject, expected: 'br0', ...more },
})

/** Veths of the stored run have their other ends: those of swp-clear on worker2 lead to the first namespaces with an address there. */
const joined: ChangeKernel = ({ namespaces }, node) => {
  if (node !== 'worker2') return
  const all = Object.entries(namespaces)
  const isThere = ({ address }: { readonly address: string }): boolean => address.startsWith('10.91.1.')
  const [, overlay] =
    all.find(([name, { links }]) => /^\d+-/.test(name) && links.some((one) => one.addresses.some(isThere))) ??
    []
  const veths = overlay?.links.filter(({ kind }) => kind === 'veth') ?? []
  const ends = all
    .filter(([name]) => !/^\d+-/.test(name))
    .flatMap(([, { links }]) => links.filter(({ addresses }) => addresses.some(isThere)))
  for (const [at, veth] of veths.entries()) {
    const end = ends[at]
    if (end === undefined) continue
    Object.assign(veth, { index: 500 + at, peerIndex: 600 + at })
    Object.assign(end, { index: 600 + at, peerIndex: 500 + at })
  }
}

/** Which veth leads to the address that ends so. */
const explained = (
  part: Problem,
  missed: Problem,
  id = 'OVL-03',
  change: ChangeKernel = joined,
): readonly string[] =>
  causesWhere({ 'VXL-05': [part], [id]: [missed] }, change).find(
    ({ code }) => code === 'overlay-bridge-incomplete',
  )?.explains ?? []

describe('a part that the bridge of an overlay lacks', () => {
  const of = (missed: Problem, id?: string): string[] =>
    ['veth0', 'veth1', 'veth2'].filter((name) => explained(off(name), missed, id).length === 2)

  it('explains of a veth what its task misses, and of no other', () => {
    const [rr, web] = [of(lost('swp-rr@worker2')), of(lost('swp-web@worker2'))]
    expect([rr.length, web.length]).to.deep.equal([1, 1])
    expect(rr).to.not.deep.equal(web)
  })

  it('explains of the VXLAN device what goes between nodes', () => {
    expect(explained(off('vxlan0'), lost('swp-rr@worker2'))).to.have.members(['VXL-05', 'OVL-03'])
    expect(explained(off('vxlan0'), lost('swp-rr@worker2', 'swp-web@worker2'))).to.deep.equal(['VXL-05'])
  })

  it('explains of a bridge that is down all of its network there, and of another network nothing', () => {
    const down = off('br0', { code: 'device-down' })
    expect(explained(down, lost('swp-rr@worker2', 'swp-web@worker2'))).to.have.members(['VXL-05', 'OVL-03'])
    expect(explained(down, { ...lost('swp-rr@worker2'), network: 'swp-secret' })).to.deep.equal(['VXL-05'])
  })

  it('explains published ports where it is of ingress', () => {
    const silent: Problem = {
      ...{ code: 'port-not-answered', kind: 'missed', node: 'manager', port: 8080, protocol: 'TCP' },
      ...{ path: { from: 'worker1', to: 'manager' }, service: 'swp-web' },
    }
    const tunnel = off('vxlan0', { network: 'ingress' })
    expect(explained(tunnel, silent, 'ING-01')).to.have.members(['VXL-05', 'ING-01'])
    expect(explained(off('vxlan0'), silent, 'ING-01')).to.deep.equal(['VXL-05'])
  })

  it('explains nothing of a task where it is not known whose veth it is', () => {
    expect(explained(off('veth77'), lost('swp-rr@worker2'))).to.deep.equal(['VXL-05'])
  })
})
