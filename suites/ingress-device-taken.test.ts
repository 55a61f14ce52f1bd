import { expect } from 'chai'
import { findingsWhere } from './stored/findings-where.fake.ts'

/** worker2 had Calico's device, with the VNI and the port that ingress needs, when it joined the swarm. */
const run = 'ingress-device-taken'

describe('a device in the way of ingress', () => {
  it('is the one cause, also of the bridge that was left half made', async () => {
    const found = await findingsWhere(run)
    expect(found.map(({ code, severity, nodes }) => [code, severity, nodes])).to.deep.equal([
      ['foreign-vxlan-device', 'cause', ['worker2']],
    ])
    expect(found[0]?.title).to.match(
      /^worker2: vxlan\.calico holds VNI 4096 on UDP 4789, which the network ingress needs/,
    )
    expect(found[0]?.explains).to.deep.equal(['MTU-01', 'LB-02', 'ING-01'])
  })

  it('once it is gone is none: the interface of another MTU is, and the underlay is not', async () => {
    const found = await findingsWhere(run, ({ root }) => {
      root.links = root.links.filter(({ name }) => name !== 'vxlan.calico')
    })
    expect(found.map(({ code }) => code))
      .to.include('interface-mtu-set')
      .and.not.include('underlay-mtu-too-small')
  })
})
