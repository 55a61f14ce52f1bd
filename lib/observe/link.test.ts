import { expect } from 'chai'
import { parseLinks } from './link.ts'

/** `ip -j -d addr` (iproute2 6.15, kernel 6.12) in an overlay's namespace; queue and offload figures left out. */
const overlay =
  '[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"qdisc":"noqueue","operstate":"UNKNOWN","group":"default","txqlen":1000,"link_type":"loopback","address":"00:00:00:00:00:00","broadcast":"00:00:00:00:00:00","promiscuity":0,"addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host","label":"lo","valid_life_time":4294967295,"preferred_life_time":4294967295},{"family":"inet6","local":"::1","prefixlen":128,"scope":"host","protocol":"kernel_lo","valid_life_time":4294967295,"preferred_life_time":4294967295}]},' +
  '{"ifindex":2,"ifname":"br0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1424,"qdisc":"noqueue","operstate":"UP","group":"default","link_type":"ether","address":"5e:20:68:56:67:c1","broadcast":"ff:ff:ff:ff:ff:ff","linkinfo":{"info_kind":"bridge","info_data":{"forward_delay":1500,"vlan_protocol":"802.1Q","bridge_id":"8000.5e:20:68:56:67:c1"}},"addr_info":[{"family":"inet","local":"10.91.2.254","prefixlen":24,"broadcast":"10.91.2.255","scope":"global","label":"br0"}]},' +
  '{"ifindex":14,"link_index":14,"ifname":"vxlan0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1424,"qdisc":"noqueue","master":"br0","operstate":"UNKNOWN","group":"default","link_type":"ether","address":"9a:bd:21:dd:eb:a9","broadcast":"ff:ff:ff:ff:ff:ff","link_netnsid":0,"promiscuity":1,"linkinfo":{"info_kind":"vxlan","info_data":{"id":4098,"port_range":{"low":0,"high":0},"port":4789,"ttl":0,"df":"unset","ageing":300,"external":false,"learning":true,"proxy":true,"rsc":false,"l2miss":true,"l3miss":true,"udp_csum":true},"info_slave_kind":"bridge"},"addr_info":[]},' +
  '{"ifindex":16,"link_index":15,"ifname":"veth0","flags":["BROADCAST","MULTICAST"],"mtu":1424,"qdisc":"noqueue","master":"br0","operstate":"DOWN","group":"default","link_type":"ether","address":"5e:20:68:56:67:c1","broadcast":"ff:ff:ff:ff:ff:ff","link_netnsid":1,"linkinfo":{"info_kind":"veth","info_slave_kind":"bridge"},"addr_info":[]}]'

const host =
  '[{"ifindex":3,"ifname":"eth1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"qdisc":"fq_codel","operstate":"UP","group":"default","txqlen":1000,"link_type":"ether","address":"52:54:00:00:02:01","broadcast":"ff:ff:ff:ff:ff:ff","parentbus":"virtio","parentdev":"virtio1","altnames":["enp0s2"],"addr_info":[{"family":"inet","local":"192.168.56.11","prefixlen":24,"scope":"global","label":"eth1"},{"family":"inet6","local":"fe80::5054:ff:fe00:201","prefixlen":64,"scope":"link"}]}]'

describe('links', () => {
  it('reads kind, MTU, bridge, VNI and addresses', () => {
    const [lo, bridge, vxlan, veth] = parseLinks(overlay)
    expect(lo?.addresses).to.deep.equal([
      { address: '127.0.0.1', prefixLength: 8, family: 'inet' },
      { address: '::1', prefixLength: 128, family: 'inet6' },
    ])
    expect(bridge).to.deep.equal({
      name: 'br0',
      index: 2,
      kind: 'bridge',
      mtuBytes: 1424,
      mac: '5e:20:68:56:67:c1',
      up: true,
      addresses: [{ address: '10.91.2.254', prefixLength: 24, family: 'inet' }],
    })
    expect(vxlan).to.include({ name: 'vxlan0', kind: 'vxlan', master: 'br0', up: true })
    expect(vxlan?.vxlan).to.deep.equal({ vni: 4098, port: 4789 })
    expect(veth).to.include({ kind: 'veth', up: false }).and.not.have.property('vxlan')
  })

  it('gives physical interfaces an empty kind', () => {
    expect(parseLinks(host)[0]).to.include({ name: 'eth1', kind: '', mtuBytes: 1500 })
  })

  it('reads nothing from nothing, from what is no JSON and from the empty objects old versions print', () => {
    expect(parseLinks(undefined)).to.deep.equal([])
    expect(parseLinks('[{"ifindex":1,')).to.deep.equal([])
    expect(parseLinks('[{},{}]')).to.deep.equal([])
  })
})
