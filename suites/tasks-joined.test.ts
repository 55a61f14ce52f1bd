import { expect } from 'chai'
import type { HostState, Link } from '../lib/observe/host-state.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const island = 'swpfault0'
const other = 'swpfault1'

interface End {
  readonly link: Changeable<Link>
  readonly inside: Changeable<HostState>['namespaces'][string]
}

/** The two ends of the link, where a host has them. */
function endsOf({ namespaces }: Changeable<HostState>): End[] {
  return [island, other].flatMap((name) =>
    Object.values(namespaces).flatMap((inside) =>
      inside.links.filter((link) => link.name === name).map((link) => ({ link, inside })),
    ),
  )
}

function withoutRoutes(ends: readonly End[]): void {
  for (const { link, inside } of ends)
    inside.routes = inside.routes.filter(({ device }) => device !== link.name)
}

describe('a link that joins tasks', () => {
  it('is named with both, their interfaces and where these lead', () => {
    const said = explainWithKernel('joined-networks', () => {})
    expect(causesOf(said)).to.deep.equal([['tasks-joined', ['worker2']]])
    expect(said.findings[0]).to.deep.include({
      title:
        'swp-island@worker2 and swp-rr@worker2 are joined beside their networks: by swpfault0 of swp-island@worker2 and swpfault1 of swp-rr@worker2',
      explains: ['OVL-07', 'OVL-09'],
    })
    expect(said.findings[0]?.proof[0]).to.match(
      /has swpfault0, veth, no address, routes to 10\.91\.1\.\d+\/32$/,
    )
  })

  it('is known by its ends where no route tells', () => {
    const said = explainWithKernel('joined-networks', (state) => {
      const ends = endsOf(state)
      withoutRoutes(ends)
      const [one, two] = ends
      if (one === undefined || two === undefined) return
      // Each namespace gives indices of its own.
      Object.assign(one.link, { index: 2, peerIndex: 3 })
      Object.assign(two.link, { index: 3, peerIndex: 2 })
    })
    expect(causesOf(said)).to.deep.equal([['tasks-joined', ['worker2']]])
    expect(said.findings[0]?.proof[0]).to.match(/its other end is swpfault1 in swp-rr@worker2$/)
    expect(said.findings[0]?.explains).to.deep.equal(['OVL-07', 'OVL-09'])
  })

  it('is known by a bridge of the host that both lead to', () => {
    const said = explainWithKernel('joined-networks', (state) => {
      const ends = endsOf(state)
      withoutRoutes(ends)
      for (const [at, { link }] of ends.entries()) {
        const [index, peerIndex] = [900 + at, 950 + at]
        Object.assign(link, { index, peerIndex })
        state.root.links.push({
          ...link,
          name: `vethx${at}`,
          index: peerIndex,
          peerIndex: index,
          master: 'br-x',
        })
      }
    })
    expect(causesOf(said)).to.deep.equal([['tasks-joined', ['worker2']]])
    expect(said.findings[0]?.proof[1]).to.match(
      /its other end is vethx1 in the host’s own namespace on br-x$/,
    )
  })

  it('whose other end is nowhere to be seen is an interface of each, and explains no traffic', () => {
    const said = explainWithKernel('joined-networks', (state) => withoutRoutes(endsOf(state)))
    expect(causesOf(said)).to.deep.equal([
      ['tasks-joined', ['worker2']],
      ['tasks-joined', ['worker2']],
    ])
    expect(said.findings[0]?.title).to.equal(
      'swp-island@worker2 has an interface that no network gave it: swpfault0',
    )
    expect(said.findings.flatMap(({ explains }) => explains)).to.not.include('OVL-09')
  })

  it('is not laid to another interface of the task than the one that was seen', () => {
    const said = explainWithKernel('joined-networks', (state) => {
      for (const { link, inside } of endsOf(state)) {
        const tunnel = { ...link, name: 'tun0', kind: 'tun', mac: '', addresses: [] }
        delete tunnel.peerIndex
        inside.links.unshift(tunnel)
      }
    })
    expect(said.findings.map(({ title }) => title)).to.deep.equal([
      'swp-island@worker2 and swp-rr@worker2 are joined beside their networks: by swpfault0 of swp-island@worker2 and swpfault1 of swp-rr@worker2',
    ])
  })

  it('is none that is down, or has an address of a network of its task', () => {
    const changes: ((link: Changeable<Link>) => void)[] = [
      (link) => (link.up = false),
      (link) => (link.addresses = [{ address: '172.18.0.99', prefixLength: 16, family: 'inet' }]),
    ]
    for (const change of changes) {
      const said = explainWithKernel('joined-networks', (state) => {
        for (const { link } of endsOf(state)) change(link)
      })
      expect(causesOf(said)).to.deep.equal([])
    }
  })

  it('is none on a sound cluster, whatever failed there', async () => {
    const label = 'swp-web@worker1'
    const found = await findingsWhere('standard-conformant', undefined, undefined, undefined, {
      'OVL-03': [
        { code: 'interface-unexpected', kind: 'seen', node: 'worker1', subject: label },
        {
          ...{ code: 'reached-without-network', kind: 'seen', path: { from: 'worker1', to: 'worker1' } },
          ends: { from: label, to: 'swp-rr@worker1' },
        },
      ],
    })
    expect(found.map(({ code }) => code)).to.not.include('tasks-joined')
  })
})
