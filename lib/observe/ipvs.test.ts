import { expect } from 'chai'
import { parseIpvs } from './ipvs.ts'

/** /proc/net/ip_vs of ingress_sbox, with a service by address added. */
const table = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
FWM  00000103 rr 
  -> 0A000006:0000      Masq    1      0          0         
  -> 0A000007:0000      Masq    0      2          5         
TCP  0A000001:0050 wlc persistent 300
  -> 0A000009:0050      Route   1      0          0         
FWM  00000104 rr 
`.split('\n')

describe('IPVS', () => {
  it('reads services by firewall mark with their destinations', () => {
    expect(parseIpvs(table)).to.deep.equal([
      {
        firewallMark: 259,
        scheduler: 'rr',
        destinations: [
          { address: '10.0.0.6', weight: 1, forwarding: 'Masq' },
          { address: '10.0.0.7', weight: 0, forwarding: 'Masq' },
        ],
      },
      { firewallMark: 260, scheduler: 'rr', destinations: [] },
    ])
  })
})
