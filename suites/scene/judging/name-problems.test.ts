import { expect } from 'chai'
import { asked } from '../../three-nodes.fake.ts'
import { nameProblems, virtualIpProblems } from './name-problems.ts'

const expected = new Map([
  ['10.91.1.3', 'swp-web@worker1'],
  ['10.91.1.4', 'swp-web@worker2'],
])
const where = { node: 'manager', ends: { from: 'swp-rr@manager', to: 'tasks.swp-web' } }
const name = 'tasks.swp-web'
const look = (addresses?: readonly string[], rcode?: string) => ({
  name,
  probe: asked('swp-rr@manager', addresses, rcode),
})

describe('a name that lists tasks', () => {
  it('has no problem whatever the order', () => {
    expect(nameProblems(look(['10.91.1.4', '10.91.1.3']), expected)).to.deep.equal([])
  })

  it('lacks a task, lists a stranger, and lists one twice, on the node that answered', () => {
    expect(nameProblems(look(['10.91.1.3', '10.91.1.9', '10.91.1.3']), expected)).to.deep.equal([
      {
        ...where,
        code: 'name-lacks-task',
        kind: 'missed',
        address: '10.91.1.4',
        subject: 'swp-web@worker2',
      },
      { ...where, code: 'name-lists-stranger', kind: 'seen', address: '10.91.1.9' },
      { ...where, code: 'name-lists-twice', kind: 'seen', address: '10.91.1.3' },
    ])
  })

  it('is told once where nothing or an error was answered', () => {
    expect(nameProblems(look(), expected)).to.deep.equal([
      { ...where, code: 'name-not-answered', kind: 'missed', observed: 'no answer within 5.0 s' },
    ])
    expect(nameProblems(look([], 'NXDOMAIN'), expected)).to.deep.equal([
      { ...where, code: 'name-refused', kind: 'missed', observed: 'NXDOMAIN' },
    ])
    expect(nameProblems(look([]), expected).map(({ code }) => code)).to.deep.equal([
      'name-lacks-task',
      'name-lacks-task',
    ])
  })
})

describe('a name that has a virtual IP', () => {
  it('has it and nothing else', () => {
    const place = { network: 'swp-clear', service: 'swp-web' }
    expect(virtualIpProblems(look(['10.91.1.2']), '10.91.1.2', place)).to.deep.equal([])
    expect(virtualIpProblems(look(['10.91.1.3']), '10.91.1.2', place)).to.deep.equal([
      { ...place, ...where, code: 'virtual-ip-not-resolved', kind: 'missed', address: '10.91.1.2' },
      {
        ...{ ...place, ...where, code: 'virtual-ip-not-alone', kind: 'seen' },
        ...{ address: '10.91.1.3', expected: '10.91.1.2' },
      },
    ])
  })
})
