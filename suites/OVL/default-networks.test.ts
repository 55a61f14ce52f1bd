import { expect } from 'chai'
import { deviations } from './default-networks.ts'

const ingress = { name: 'ingress', driver: 'overlay', scope: 'swarm' }
const bridge = { name: 'docker_gwbridge', driver: 'bridge', scope: 'local' }
const other = { name: 'bridge', driver: 'bridge', scope: 'local' }

describe('the networks every node starts with', () => {
  it('are ingress and docker_gwbridge, whatever else there is', () => {
    expect(deviations('worker1', [other, bridge, ingress], 'now')).to.deep.equal([])
  })

  it('are missed', () => {
    expect(deviations('worker1', [ingress, other], 'now')).to.deep.equal([
      { code: 'network-missing', kind: 'missed', node: 'worker1', network: 'docker_gwbridge' },
    ])
    expect(deviations('worker1', [], 'at first').map(({ code }) => code)).to.deep.equal([
      'network-missing-at-first',
      'network-missing-at-first',
    ])
  })

  it('have their driver and scope', () => {
    const strange = [
      { ...ingress, scope: 'local' },
      { ...bridge, driver: 'overlay' },
    ]
    expect(
      deviations('worker1', strange, 'now').map(({ code, kind, network, expected, observed }) => {
        return [code, kind, network, expected, observed]
      }),
    ).to.deep.equal([
      ['network-form-differs', 'seen', 'ingress', 'overlay, scope swarm', 'overlay, scope local'],
      ['network-form-differs', 'seen', 'docker_gwbridge', 'bridge, scope local', 'overlay, scope local'],
    ])
  })
})
