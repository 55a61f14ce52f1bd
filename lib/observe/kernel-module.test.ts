import { expect } from 'chai'
import { parseModules } from './kernel-module.ts'

describe('kernel modules', () => {
  it('counts built-in as present, and tells loadable from absent', () => {
    const states = parseModules(['loaded vxlan', 'builtin esp4', 'dep vxlan', 'dep xt_u32'])
    expect(states.present).to.include({ vxlan: true, esp4: true, xt_u32: false, ip_vs: false })
    expect(states.loadable).to.deep.equal(['xt_u32'])
  })
})
