import { expect } from 'chai'
import { parseFdb } from './fdb.ts'

describe('forwarding database', () => {
  it('tells remote entries with their VTEP from local and learned ones', () => {
    const line =
      '[{"mac":"33:33:00:00:00:01","ifname":"br0","flags":["self"],"state":"permanent"},{"mac":"02:42:0a:5b:02:07","ifname":"vxlan0","dst":"192.168.56.13","linkNetNsId":0,"flags":["self"],"state":"permanent"},{"mac":"02:42:0a:5b:02:09","ifname":"veth1","master":"br0","flags":[],"state":""}]'
    expect(parseFdb(line)).to.deep.equal([
      { mac: '33:33:00:00:00:01', device: 'br0', permanent: true },
      { mac: '02:42:0a:5b:02:07', device: 'vxlan0', vtep: '192.168.56.13', permanent: true },
      { mac: '02:42:0a:5b:02:09', device: 'veth1', permanent: false },
    ])
  })
})
