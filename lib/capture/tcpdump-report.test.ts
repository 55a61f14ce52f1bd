import { expect } from 'chai'
import { readTcpdumpReport, tcpdumpComplaint } from './tcpdump-report.ts'

const good = `tcpdump: listening on eth1, link-type EN10MB (Ethernet), snapshot length 262144 bytes
8 packets captured
11 packets received by filter
0 packets dropped by kernel
`

describe('what tcpdump says at its end', () => {
  it('holds its drop counts', () => {
    expect(readTcpdumpReport(good)).to.deep.equal({ droppedByKernel: 0, droppedByInterface: 0 })
    const bad = good.replace(
      '0 packets dropped by kernel',
      '1 packet dropped by kernel\n17 packets dropped by interface',
    )
    expect(readTcpdumpReport(bad)).to.deep.equal({ droppedByKernel: 1, droppedByInterface: 17 })
  })

  it('is no count of zero when it is missing', () => {
    expect(readTcpdumpReport(good.slice(0, 100)).droppedByKernel).to.equal(undefined)
  })

  it('is a complaint when something went wrong', () => {
    expect(tcpdumpComplaint(good)).to.equal('')
    expect(tcpdumpComplaint(`${good}tcpdump: syntax error in filter expression: syntax error\n`)).to.equal(
      'tcpdump: syntax error in filter expression: syntax error',
    )
  })
})
