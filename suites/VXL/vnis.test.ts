import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { assignedVnis, vniProblems } from './vnis.ts'

const networks = [
  { id: 'aaaaaaaaaaaa', name: 'front', vnis: [4097] },
  { id: 'bbbbbbbbbbbb', name: 'back', vnis: [4098, 4099] },
]
const devices = [
  { host: 'h1', namespace: '1-aaaaaaaaaa', vni: 4097 },
  { host: 'h2', namespace: '1-aaaaaaaaaa', vni: 4097 },
  { host: 'h2', namespace: '1-bbbbbbbbbb', vni: 4099 },
]

describe('VNIs', () => {
  it('are sound when each belongs to one network everywhere', () => {
    expect(vniProblems(networks, devices)).to.deep.equal([])
  })

  it('are sound where an engine had to make a namespace again, and judged there as well', () => {
    const again = devices.map((device) =>
      device.host === 'h2' ? { ...device, namespace: device.namespace.replace('1-', '2-') } : device,
    )
    expect(vniProblems(networks, again)).to.deep.equal([])
    const wrong = again.map((device) => ({ ...device, vni: device.vni + 100 }))
    expect(
      vniProblems(networks, wrong).filter(({ code }) => code === 'vni-of-device-differs'),
    ).to.have.lengthOf(3)
  })

  it('are a problem when the API gave one to two networks', () => {
    const twice = [...networks, { id: 'cccccccccccc', name: 'third', vnis: [4098] }]
    expect(vniProblems(twice, devices).map(describeProblem)).to.deep.equal([
      'networks back and third both have VNI 4098',
    ])
  })

  it('are a problem when two namespaces of different hosts use one', () => {
    const stray = [...devices, { host: 'h1', namespace: '1-dddddddddd', vni: 4097 }]
    expect(vniProblems(networks, stray)).to.have.lengthOf(1)
    expect(vniProblems(networks, stray).map(describeProblem)[0]).to.include('1-dddddddddd on h1')
  })

  it('are a problem when a device has not the VNI of its network', () => {
    const wrong = [{ host: 'h1', namespace: '1-aaaaaaaaaa', vni: 5000 }]
    expect(vniProblems(networks, wrong).map(describeProblem)).to.deep.equal([
      'the VXLAN device of front on h1 has VNI 5000, expected 4097',
    ])
  })

  it('are read from overlay networks of the swarm only, each network once', () => {
    const view = {
      id: 'n',
      name: 'front',
      driver: 'overlay',
      scope: 'swarm',
      subnets: [],
      gateways: [],
      peers: [],
      endpoints: {},
      options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097,4098' },
    }
    const bridge = { ...view, id: 'b', driver: 'bridge', scope: 'local' }
    expect(assignedVnis([view, view, bridge])).to.deep.equal([{ id: 'n', name: 'front', vnis: [4097, 4098] }])
  })
})
