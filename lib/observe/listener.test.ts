import { expect } from 'chai'
import { parseListeners } from './listener.ts'

describe('listeners', () => {
  it('reads addresses of both families', () => {
    const lines = [
      'tcp 0B00007F:ABC7',
      'tcp6 00000000000000000000000000000000:1F90',
      'udp 00000000:12B5',
      'udp6 000080FE00000000FF005450010200FE:0222',
      'tcp6 0000000000000000FFFF00000B38A8C0:0949',
      'tcp6 00000000000000000000000001000000:0016',
    ]
    expect(parseListeners(lines)).to.deep.equal([
      { protocol: 'tcp', address: '127.0.0.11', port: 43975 },
      { protocol: 'tcp', address: '::', port: 8080 },
      { protocol: 'udp', address: '0.0.0.0', port: 4789 },
      { protocol: 'udp', address: 'fe80::5054:ff:fe00:201', port: 546 },
      { protocol: 'tcp', address: '::ffff:192.168.56.11', port: 2377 },
      { protocol: 'tcp', address: '::1', port: 22 },
    ])
  })
})
