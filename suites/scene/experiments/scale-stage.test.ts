import { expect } from 'chai'
import { asked, task } from '../../three-nodes.fake.ts'
import { judgeShown, type ShownLook } from './scale-stage.ts'

const tasks = [task('it', 'worker1', 20), task('it', 'worker2', 21)]
const scaled = {
  ...{ service: 'swp-it', network: 'swp-clear', namespace: 'lb_clearneti', vip: '10.91.1.30' },
  tasks,
}
const addresses = tasks.map(({ endpoints }) => endpoints['swp-clear']?.address ?? '')
const ipvs = (...listed: string[]) => [
  {
    ...{ firewallMark: 261, scheduler: 'rr' },
    destinations: listed.map((address) => ({ address, weight: 1, forwarding: 'Masq' })),
  },
]
const look = (changes: Partial<ShownLook> = {}): ShownLook => ({
  names: ['manager', 'worker1'].map((node) => ({
    name: 'tasks.swp-it',
    probe: asked(`swp-rr@${node}`, addresses),
  })),
  balancers: {
    manager: { got: { mark: 261, ipvs: ipvs(...addresses) } },
    worker1: { got: { mark: 261, ipvs: ipvs(...addresses) } },
  },
  ...changes,
})

describe('scaling in one look at every node', () => {
  it('shows when DNS and IPVS hold the running tasks', () => {
    expect(judgeShown(look(), scaled)).to.deep.equal({ problems: [], missing: [], unseen: [] })
  })

  it('does not on the node whose IPVS lacks a task or is not there', () => {
    const { problems } = judgeShown(
      look({
        balancers: {
          manager: { got: null },
          worker1: { got: { mark: 261, ipvs: ipvs(addresses[0] ?? '') } },
        },
      }),
      scaled,
    )
    expect(problems.map(({ code, node, subject }) => [code, node, subject])).to.deep.equal([
      ['balancer-missing', 'manager', 'lb_clearneti'],
      ['balancer-lacks-task', 'worker1', 'swp-it@worker2'],
    ])
  })

  it('is not seen where a node could not be looked at', () => {
    const { problems, unseen } = judgeShown(
      look({
        balancers: {
          manager: { threw: 'connection lost' },
          worker1: { got: { mark: 261, ipvs: ipvs(...addresses) } },
        },
      }),
      scaled,
    )
    expect(problems).to.deep.equal([])
    expect(unseen).to.deep.equal([{ what: 'IPVS', nodes: ['manager'], why: 'connection lost' }])
  })
})
