import { expect } from 'chai'
import { MissingTool } from '../missing-tool.ts'
import { guardedState } from './guarded-state.ts'
import type { HostState, Unavailable } from './host-state.ts'

const tables = { inode: '', links: [{ name: 'eth0' }], fdb: [], firewall: [], ipvs: [] }

function state(...unavailable: Unavailable[]): HostState {
  const namespaces = { lb_x: tables }
  const xfrm = { securityAssociations: [], securityPolicies: [] }
  return { host: 'web2', root: tables, namespaces, ...xfrm, unavailable } as unknown as HostState
}

const lacks = (tool: string, name: string): Unavailable => ({ what: 'tables', tool, package: name })

function thrownBy(read: () => unknown): unknown {
  try {
    read()
  } catch (error) {
    return error
  }
  return undefined
}

describe('guardedState', () => {
  it('is the state itself where every tool is there, or failed in one place', () => {
    const whole = state()
    expect(guardedState(whole)).to.equal(whole)
    const failed = state({ what: 'output of netlink in lb_x', tool: 'netlink', package: '' })
    expect(guardedState(failed)).to.equal(failed)
  })

  it('throws for exactly what the missing tool would have told', () => {
    const without = guardedState(state(lacks('iptables-save', 'iptables')))
    expect(without.root.links).to.have.lengthOf(1)
    expect(without.namespaces.lb_x?.ipvs).to.deep.equal([])
    const error = thrownBy(() => without.namespaces.lb_x?.firewall)
    expect(error).to.be.instanceOf(MissingTool)
    expect((error as MissingTool).message).to.equal(
      'iptables-save is missing on web2: apt-get install iptables, or give --toolbox-image',
    )
  })

  it('knows nothing of IPsec without ip', () => {
    const without = guardedState(state(lacks('ip', 'iproute2')))
    expect(without.root.firewall).to.deep.equal([])
    expect(thrownBy(() => without.securityPolicies)).to.be.instanceOf(MissingTool)
  })

  it('has nothing to tell without perl', () => {
    const without = guardedState(state(lacks('perl', 'perl-base')))
    for (const field of ['root', 'namespaces', 'securityAssociations', 'securityPolicies'] as const) {
      expect(
        thrownBy(() => without[field]),
        field,
      ).to.be.instanceOf(MissingTool)
    }
  })
})
