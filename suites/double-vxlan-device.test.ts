import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const outside: Problem = { code: 'device-outside', kind: 'seen', node: 'worker1', network: 'ingress' }

/** As Calico makes it, on a port that engines do not use. */
function calico(state: Changeable<HostState>): void {
  const model = Object.values(state.namespaces)
    .flatMap(({ links }) => links)
    .find((link) => link.vxlan !== undefined)
  if (model?.vxlan === undefined) throw new Error('no VXLAN device')
  const { master: _, ...rest } = model
  state.root.links.push({
    ...rest,
    name: 'vxlan.calico',
    vxlan: { vni: 4096, port: 8472 },
  })
}

describe('a second device with the VNI of a network that stands', () => {
  it('in a namespace of no network is named with it, first', () => {
    const said = explainWithKernel('vni-shared', () => {})
    expect(causesOf(said)).to.deep.equal([['foreign-vxlan-device', ['worker2']]])
    expect(said.findings[0]?.title).to.equal(
      'worker2: vxlan0 in 1-swarmproof, the namespace of no network of the swarm, has VNI 4097, that of the network swp-clear, and is not its device',
    )
    expect(said.findings[0]?.proof).to.deep.equal([
      'worker2: vxlan0 in 1-swarmproof: VNI 4097, UDP 4789',
      'worker2: swp-clear has a VXLAN device of its own in its namespace',
    ])
  })

  it('in the host’s own namespace is named with both ports', () => {
    const said = explainWithKernel('vxlan-device-on-host', () => {})
    expect(causesOf(said)).to.deep.equal([['foreign-vxlan-device', ['worker2']]])
    expect(said.findings[0]?.title).to.equal(
      'worker2: swpfault0 in the host’s own namespace has VNI 4097, that of the network swp-clear, and is not its device',
    )
  })

  it('is none once it is gone, or has another VNI', () => {
    const gone = explainWithKernel('vxlan-device-on-host', ({ root }) => {
      root.links = root.links.filter(({ name }) => name !== 'swpfault0')
    })
    expect(causesOf(gone)).to.deep.equal([])
    const other = explainWithKernel('vxlan-device-on-host', ({ root }) => {
      for (const { name, vxlan } of root.links) if (name === 'swpfault0' && vxlan) vxlan.vni = 77
    })
    expect(causesOf(other)).to.deep.equal([])
  })

  it('of another program, of another network, on another node is named as well', async () => {
    const found = await findingsWhere(
      'standard-conformant',
      (state, node) => {
        if (node === 'worker1') calico(state)
      },
      () => {},
      undefined,
      { 'VXL-05': [{ ...outside, subject: 'vxlan.calico' }] },
    )
    expect(found.map(({ code, severity, nodes }) => [code, severity, nodes])).to.deep.include([
      ...['foreign-vxlan-device', 'cause'],
      ['worker1'],
    ])
    const [calicos] = found.filter(({ code }) => code === 'foreign-vxlan-device')
    expect(calicos?.networks).to.deep.equal(['ingress'])
    expect(calicos?.remedy[0]).to.contain('`ip link del vxlan.calico`')
  })

  it('explains no other device, and is nothing to tell of where nothing failed', async () => {
    const found = await findingsWhere(
      'standard-conformant',
      (state, node) => {
        if (node === 'worker1') calico(state)
      },
      () => {},
      undefined,
      { 'VXL-05': [{ ...outside, node: 'worker2', subject: 'vxlan.calico' }] },
    )
    expect(found.map(({ code }) => code)).to.not.include('foreign-vxlan-device')
    const sound = await findingsWhere('standard-conformant', (state) => calico(state))
    expect(sound.map(({ code }) => code)).to.not.include('foreign-vxlan-device')
  })
})
