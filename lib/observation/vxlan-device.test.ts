import { expect } from 'chai'
import { collisionOf, readVxlanSettings } from './vxlan-device.ts'

/**
 * `info_data` of `ip -j -d link` (iproute2 6.15, kernel 6.18): of `ip link add vxlan.calico type vxlan id 4096
 * dstport 4789 …`, of one made with `external`, and of one made with `gbp udp6zerocsumrx`. Beside the first the kernel
 * refused `id 4096 dstport 4789` ("A VXLAN device with the specified VNI already exists"), also from another namespace,
 * and took `id 4097`; beside the others it refused to set any up on that port ("Address already in use").
 */
const plain =
  '{"id":4096,"port_range":{"low":0,"high":0},"port":4789,"learning":true,"proxy":true,"l2miss":true,"l3miss":true,"ttl":0,"df":"unset","ageing":300,"udp_csum":true,"udp_zero_csum6_tx":false,"udp_zero_csum6_rx":false}'
const external =
  '{"external":true,"id":0,"port_range":{"low":0,"high":0},"port":4789,"learning":false,"ttl":0,"df":"unset","ageing":300,"udp_csum":true,"udp_zero_csum6_tx":false,"udp_zero_csum6_rx":false}'
const policies =
  '{"id":77,"port_range":{"low":0,"high":0},"port":4789,"learning":true,"ttl":0,"df":"unset","ageing":300,"udp_csum":true,"udp_zero_csum6_tx":false,"udp_zero_csum6_rx":true,"gbp":true}'

/**
 * iproute2 6.1, kernel 6.18, made with `local fd00::1`, and of others what differs. Beside each the kernel took one of the
 * same VNI and port for IPv4, and set both up; `external local fd00::1`, which prints no address, let none be set up.
 */
const ofIpv6 = (key = 'local6', more = '') =>
  `{"id":4096,"${key}":"fd00::1","port_range":{"low":0,"high":0},"port":4789,"learning":true,"ttl":0,"df":"unset","ageing":300,"udp_csum":true,"udp_zero_csum6_tx":false,"udp_zero_csum6_rx":false${more}}`

const collides = (text: string, vni: number, port = 4789, up = true, ipv6 = false) => {
  const settings = readVxlanSettings(JSON.parse(text))
  return settings === undefined ? 'unread' : collisionOf({ ...settings, up }, { vni, port, ipv6 })
}

describe('a VXLAN device', () => {
  it('is read with how it receives', () => {
    expect(readVxlanSettings(JSON.parse(plain))).to.deep.equal({ vni: 4096, port: 4789 })
    expect(readVxlanSettings(JSON.parse(external))).to.deep.equal({
      vni: 0,
      port: 4789,
      receives: ['external'],
    })
    expect(readVxlanSettings(JSON.parse(policies))).to.deep.equal({
      ...{ vni: 77, port: 4789, receives: ['gbp', 'udp_zero_csum6_rx'] },
    })
    expect(readVxlanSettings({ forward_delay: 1500 })).to.equal(undefined)
    expect(readVxlanSettings(undefined)).to.equal(undefined)
  })

  it('is in the way of one with its VNI and port', () => {
    expect(collides(plain, 4096)).to.equal('vni')
    expect(collides(plain, 4096, 4789, false)).to.equal('vni')
    expect(collides(plain, 4097)).to.equal(undefined)
    expect(collides(plain, 4096, 8472)).to.equal(undefined)
  })

  it('is in the way of all others on its port where it receives otherwise and is up', () => {
    expect(collides(external, 4097)).to.equal('port')
    expect(collides(policies, 77)).to.equal('port')
    expect(collides(external, 4097, 4789, false)).to.equal(undefined)
    expect(collides(external, 4097, 4790)).to.equal(undefined)
  })

  it('of IPv6 is in the way of those of IPv6 alone', () => {
    for (const key of ['local6', 'remote6', 'group6']) expect(collides(ofIpv6(key), 4096)).to.equal(undefined)
    expect(collides(ofIpv6('local6', ',"gbp":true'), 4096)).to.equal(undefined)
    expect(collides(ofIpv6(), 4096, 4789, true, true)).to.equal('vni')
    expect(collides(ofIpv6('local'), 4096)).to.equal('vni')
    expect(collides(plain, 4096, 4789, true, true)).to.equal(undefined)
    expect(collides(external, 4096, 4789, true, true)).to.equal('port')
  })
})
