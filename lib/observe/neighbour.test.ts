import { expect } from 'chai'
import { parseNeighbours } from './neighbour.ts'

describe('neighbours', () => {
  it('reads permanent, resolved and failed entries', () => {
    const line =
      '[{"dst":"10.91.2.4","dev":"vxlan0","lladdr":"02:42:0a:5b:02:04","state":["PERMANENT"]},{"dst":"fe80::2","dev":"eth0","lladdr":"52:56:00:00:00:02","router":null,"state":["STALE"]},{"dst":"192.168.56.99","dev":"eth1","state":["FAILED"]}]'
    expect(parseNeighbours(line)).to.deep.equal([
      { address: '10.91.2.4', mac: '02:42:0a:5b:02:04', device: 'vxlan0', state: 'PERMANENT' },
      { address: 'fe80::2', mac: '52:56:00:00:00:02', device: 'eth0', state: 'STALE' },
      { address: '192.168.56.99', device: 'eth1', state: 'FAILED' },
    ])
  })

  it('reads an empty table', () => {
    expect(parseNeighbours('[]')).to.deep.equal([])
  })
})
