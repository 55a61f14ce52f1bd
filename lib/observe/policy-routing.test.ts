import { expect } from 'chai'
import { parseRoutingRules } from './policy-routing.ts'
import { recorded } from './recorded/recorded.fake.ts'

const table = '100'
const rules = parseRoutingRules(recorded('routes-of-a-node', 'ip-rule.json')) ?? []

describe('rules of policy routing', () => {
  it('are read besides the kernel’s own, whatever form they have', () => {
    expect(parseRoutingRules(recorded('conditions-of-a-node', 'ip-rule.json'))).to.deep.equal([
      { priority: 32765, from: '192.168.56.12', table },
    ])
    expect(rules).to.deep.equal([
      { priority: 90, to: '10.30.0.0/16', refuses: 'prohibit', table: '' },
      { priority: 91, not: true, from: '10.0.0.0/8', table },
      { priority: 92, comesIn: 'eth1', mark: '0x1', markMask: '0xff', table },
      { priority: 93, more: true, table },
      { priority: 94, more: true, table },
      { priority: 95, suppressed: 0, table: 'main' },
      { priority: 96, not: true, mark: '0xca6c', table },
      { priority: 97, table: '' },
      { priority: 98, comesIn: 'lo', table },
      { priority: 99, from: '192.168.56.12', table },
      { priority: 1000, table: '' },
    ])
  })

  it('are not observed where nothing was printed', () => {
    expect(parseRoutingRules(undefined)).to.equal(undefined)
    expect(parseRoutingRules('')).to.equal(undefined)
    expect(parseRoutingRules('[]')).to.deep.equal([])
  })
})
