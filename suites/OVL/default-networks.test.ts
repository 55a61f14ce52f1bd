import { expect } from 'chai'
import { deviations } from './default-networks.ts'

const ingress = { name: 'ingress', driver: 'overlay', scope: 'swarm' }
const bridge = { name: 'docker_gwbridge', driver: 'bridge', scope: 'local' }
const other = { name: 'bridge', driver: 'bridge', scope: 'local' }

describe('the networks every node starts with', () => {
  it('are ingress and docker_gwbridge, whatever else there is', () => {
    expect(deviations([other, bridge, ingress])).to.deep.equal([])
  })

  it('are missed', () => {
    expect(deviations([ingress, other])).to.deep.equal(['docker_gwbridge does not exist'])
    expect(deviations([])).to.have.lengthOf(2)
  })

  it('have their driver and scope', () => {
    expect(
      deviations([
        { ...ingress, scope: 'local' },
        { ...bridge, driver: 'overlay' },
      ]),
    ).to.deep.equal([
      'ingress is overlay, scope local; expected overlay, scope swarm',
      'docker_gwbridge is overlay, scope local; expected bridge, scope local',
    ])
  })
})
