import { expect } from 'chai'
import { findTopology } from '../topology/find-topology.ts'
import { impairedOnPurpose } from './impaired-on-purpose.ts'

const at = (name: string, last: number): Parameters<typeof impairedOnPurpose>[1] => {
  const attachment = { interface: 'eth1', address: `192.168.56.${last}` }
  return { name, dataPath: attachment, advertise: attachment }
}

describe('what the lab’s file impairs', () => {
  const impaired = findTopology('impaired')

  it('is told of the interface of that underlay, as the node has it', () => {
    expect(impairedOnPurpose(impaired, at('worker1', 12), 'eth1')).to.equal(
      '10 ms of delay, 0.1 % lost, 100 Mbit/s',
    )
    expect(impairedOnPurpose(impaired, at('worker2', 13), 'eth1')).to.match(/^25 ms of delay/)
  })

  it('is nothing on another interface, node or lab', () => {
    expect(impairedOnPurpose(impaired, at('worker1', 12), 'eth0')).to.equal(undefined)
    expect(impairedOnPurpose(impaired, at('stranger', 12), 'eth1')).to.equal(undefined)
    expect(impairedOnPurpose(impaired, undefined, 'eth1')).to.equal(undefined)
    expect(impairedOnPurpose(findTopology('three-node'), at('worker1', 12), 'eth1')).to.equal(undefined)
  })
})
