import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import { causesOf, explainWithKernel } from './golden/altered-case.fake.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

/** Gives a namespace the devices of an overlay that stands on the same host, but for those of this kind. */
function furnished(state: Changeable<HostState>, name: string, without?: string): void {
  const whole = Object.values(state.namespaces).find(({ links }) => links.some(({ vxlan }) => vxlan))
  const found = state.namespaces[name]
  if (whole === undefined) throw new Error('no overlay')
  if (found !== undefined) found.links = whole.links.filter(({ kind }) => kind !== without)
}

const unnamed = (state: Changeable<HostState>, name: string): void => {
  state.namespaces = Object.fromEntries(Object.entries(state.namespaces).filter(([one]) => one !== name))
}

describe('a namespace of an overlay that no engine needs', () => {
  const stale = '1-o7gwjyztti'

  it('on a node without a task is named with the node, the network and that nothing is in it', () => {
    const said = explainWithKernel('stale-namespace', () => {})
    expect(causesOf(said)).to.deep.equal([['overlay-namespace-left', ['manager']]])
    expect(said.findings[0]?.title).to.equal(
      `manager keeps the namespace ${stale} of swp-auto, on which it runs no task: nothing is in it, the file is still mounted`,
    )
  })

  it('of networks that were removed is one finding of their node', () => {
    const said = explainWithKernel('namespace-kept', () => {})
    expect(causesOf(said)).to.deep.equal([['overlay-namespace-left', ['worker2']]])
    expect(said.findings[0]?.title).to.match(
      /^worker2 keeps the namespaces 1-\w+ and 1-\w+ of swp-ovl12-clear and swp-ovl12-secret, which were removed: nothing is in them/,
    )
    expect(said.findings[0]?.explains).to.deep.equal(['OVL-12'])
  })

  it('that still has its devices was not taken down', () => {
    const said = explainWithKernel('stale-namespace', (state, node) => {
      if (node === 'manager') furnished(state, stale, 'veth')
    })
    expect(causesOf(said)).to.deep.equal([['overlay-namespace-left', ['manager']]])
    expect(said.findings[0]?.title).to.not.contain('nothing is in it')
    expect(said.findings[0]?.proof[0]).to.match(/devices of an engine are still in it, .* \(br0, vxlan0\)$/)
  })

  it('with an endpoint on its bridge is in use, and no namespace that was left', () => {
    const said = explainWithKernel('stale-namespace', (state, node) => {
      if (node === 'manager') furnished(state, stale)
    })
    expect(causesOf(said)).to.deep.equal([])
  })

  it('that was gone when kernels were read again was not held', () => {
    const said = explainWithKernel('namespace-kept', (state, node, reading) => {
      if (node !== 'worker2' || reading !== 'kernel-after') return
      for (const [name, { links }] of Object.entries(state.namespaces))
        if (/^\d+-/.test(name) && links.length === 1) unnamed(state, name)
    })
    expect(causesOf(said)).to.deep.equal([])
  })

  it('is no cause where none was reported', async () => {
    const found = await findingsWhere('standard-conformant')
    expect(found.map(({ code }) => code)).to.not.include('overlay-namespace-left')
  })
})
