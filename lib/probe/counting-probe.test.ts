import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { countingProbe } from './counting-probe.ts'
import type { ProbeRequest } from './probe.ts'

const common = {
  ...{ from: { host: { name: 'manager' } as Host, namespace: 'host' as const, label: 'manager' } },
  to: '10.0.0.1',
}

describe('counting probes', () => {
  it('counts echoes, datagrams and connections, each repeat, and sends what it was given', async () => {
    const sent: (readonly ProbeRequest[])[] = []
    let count = 0
    const probe = countingProbe(
      {
        send(requests) {
          sent.push(requests)
          return Promise.resolve([])
        },
      },
      (probes) => (count += probes),
    )
    const requests: ProbeRequest[] = [
      { ...common, kind: 'icmp', packetBytes: 84 },
      { ...common, kind: 'udp', port: 9, payload: Buffer.from('x'), expectReply: false },
      { ...common, kind: 'tcp', port: 80, repeat: 4 },
      { ...common, kind: 'tcp', port: 80 },
    ]
    await probe.send(requests)
    await probe.send([])
    expect([sent, count]).to.deep.equal([[requests, []], 7])
  })
})
