import { expect } from 'chai'
import { refusalOf } from './engine-refusal.ts'

describe('words of an engine that refuses', () => {
  it('are known as engine 26.1.5 said them on a lab', () => {
    // With a device in the host's namespace that had the network's VNI and port.
    const inTheWay =
      'network sandbox join failed: subnet sandbox join failed for "10.0.4.0/24": error creating vxlan interface: file exists'
    expect(refusalOf(inTheWay)).to.equal('vxlan-in-the-way')
    // With the routes 0.0.0.0/1 and 128.0.0.0/1, both dev eth0.
    const usedUp =
      'Error response from daemon: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network'
    expect(refusalOf(usedUp)).to.equal('pools-used-up')
  })

  it('are known as other engines say them (Moby, ErrNoMoreSubnets)', () => {
    expect(refusalOf('all predefined address pools have been fully subnetted')).to.equal('pools-used-up')
  })

  it('of a registry are another thing than an image that is missing', () => {
    // moby/moby#52570, and Docker Hub of a name that it does not have.
    expect(refusalOf('unauthorized: authentication required')).to.equal('registry-wants-login')
    const hub = "pull access denied for x, repository does not exist or may require 'docker login': denied"
    expect(refusalOf(hub)).to.equal('image-missing')
    expect(refusalOf('No such image: example.invalid/x:1')).to.equal('image-missing')
  })

  it('are not known otherwise', () => {
    expect(refusalOf('')).to.equal(undefined)
    expect(refusalOf('task: non-zero exit (137)')).to.equal(undefined)
  })
})
