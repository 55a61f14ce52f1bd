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
    // Of two networks with one range, which free pools do not help.
    expect(refusalOf('invalid pool request: Pool overlaps with other one on this address space')).to.equal(
      'pool-overlaps',
    )
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

  it('are of a node or a network that has no room, or of one that is gone', () => {
    for (const [words, means] of [
      ["no available IPv4 addresses on this network's address pools: app (o7gwjyztti)", 'addresses-used-up'],
      ['could not find an available IP while allocating VIP', 'addresses-used-up'],
      ['mkdir /var/lib/docker/overlay2/5591: no space left on device', 'no-space'],
      ['x509: certificate has expired or is not yet valid', 'certificate-expired'],
      ['network o7gwjyztti1a not found', 'network-gone'],
    ] as const)
      expect(refusalOf(words), words).to.equal(means)
  })
})
