import { expect } from 'chai'
import { parseIpvsTimers } from './read-ipvs-timers.ts'

const output = `Timeout (tcp tcpfin udp): 900 120 300
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A5B0105 C3A8 0A5B0103 0050 0A5B0106 0050 ESTABLISHED     897
UDP 0A5B0105 0035 0A5B0103 0000 0A5B0106 0000 UDP             12
`

describe('IPVS timers', () => {
  it('are the time-out of TCP and what each connection has left', () => {
    const timers = parseIpvsTimers(output)
    expect(timers?.tcpSeconds).to.equal(900)
    expect(timers?.connections).to.have.lengthOf(2)
    expect(timers?.connections[0]).to.deep.equal({
      protocol: 'TCP',
      from: { address: '10.91.1.5', port: 50_088 },
      state: 'ESTABLISHED',
      expiresSeconds: 897,
    })
  })

  it('are unknown without the line that tells the time-outs', () => {
    expect(parseIpvsTimers('sh: ipvsadm: not found\n')).to.equal(undefined)
  })
})
