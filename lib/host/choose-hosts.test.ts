import { expect } from 'chai'
import { containerOrigin } from './container/origin.ts'
import { machineOrigin } from './vm/origin.ts'
import { chooseHosts, lackingParts } from './choose-hosts.ts'

describe('the choice of hosts', () => {
  const engine = (lacking: readonly string[] | undefined) =>
    ({ reachable: true, name: 'unix:///x.sock', lacking }) as const

  it('is containers where the kernel of a reachable engine has everything, and says so', () => {
    const { origin, why } = chooseHosts(undefined, engine([]))
    expect(origin).to.equal(containerOrigin)
    expect(why).to.contain('unix:///x.sock').and.to.contain('--hosts vm')
  })

  it('is virtual machines otherwise, and says why', () => {
    const none = chooseHosts(undefined, { reachable: false, why: 'nothing is there' })
    expect(none).to.include({ origin: machineOrigin })
    expect(none.why).to.contain('nothing is there')
    const poor = chooseHosts(undefined, engine(['ip_vs', 'esp4']))
    expect(poor).to.include({ origin: machineOrigin })
    expect(poor.why).to.contain('lacks ip_vs, esp4').and.to.contain('--hosts container')
    expect(chooseHosts(undefined, engine(undefined))).to.include({ origin: machineOrigin })
  })

  it('is what was asked for, whatever was seen', () => {
    expect(chooseHosts(containerOrigin, { reachable: false, why: '' }).origin).to.equal(containerOrigin)
    expect(chooseHosts(machineOrigin, engine([])).origin).to.equal(machineOrigin)
  })

  it('rests on what a swarm needs: either match of the firewall will do', () => {
    expect(lackingParts(new Set(['vxlan', 'ip_vs', 'esp4', 'xt_u32']))).to.deep.equal([])
    expect(lackingParts(new Set(['vxlan', 'ip_vs', 'esp4', 'xt_bpf', 'bridge']))).to.deep.equal([])
    expect(lackingParts(new Set(['vxlan']))).to.deep.equal(['ip_vs', 'esp4', 'xt_bpf or xt_u32'])
  })
})
