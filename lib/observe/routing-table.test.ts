import { expect } from 'chai'
import { recorded } from './recorded/recorded.fake.ts'
import { parseRoutingTables } from './routing-table.ts'

const read = (file: string): string => recorded('routes-by-source', file)

describe('tables of routes', () => {
  it('lead out by the default route of the lowest metric, over each of its next hops, or refuse', () => {
    const tables = parseRoutingTables(read('ways-out.json'), read('gateway-routes.json'))
    expect(tables).to.have.deep.members([
      {
        ...{ table: 'main', toGatewayBridge: true },
        hops: [{ device: 'eth0', gateway: '10.0.2.2' }],
      },
      {
        ...{ table: '100', toGatewayBridge: false },
        hops: [{ device: 'eth1', gateway: '192.168.56.1' }],
      },
      {
        ...{ table: '101', toGatewayBridge: true },
        hops: [
          { device: 'eth1', gateway: '192.168.56.1' },
          { device: 'eth1', gateway: '192.168.56.2' },
        ],
      },
      { table: '102', toGatewayBridge: false, hops: [] },
    ])
  })

  it('are not observed where nobody asked', () => {
    expect(parseRoutingTables(undefined, undefined)).to.equal(undefined)
    expect(parseRoutingTables('', '')).to.equal(undefined)
  })
})
