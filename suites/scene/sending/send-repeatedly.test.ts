import { expect } from 'chai'
import type { Host } from '../../../lib/host/host.ts'
import type { Observation, Probe, ProbeRequest } from '../../../lib/probe/probe.ts'
import { sendRepeatedly } from './send-repeatedly.ts'

const from = { host: { name: 'manager' } as Host, namespace: 'host' as const, label: 'manager' }
const request = (port: number): ProbeRequest => ({ kind: 'tcp', from, to: '192.168.56.12', port })

/** Answers on port 80 alone. */
function fakeProbe(sent: (readonly ProbeRequest[])[]): Probe {
  return {
    send(requests) {
      sent.push(requests)
      return Promise.resolve(
        requests.map((one): Observation => {
          const outcome = one.kind === 'tcp' && one.port === 80 ? 'answered' : 'timeout'
          return { request: one, outcome, elapsedMs: 1, attempts: [], replies: [], replyBytes: [] }
        }),
      )
    },
  }
}

describe('sending repeatedly', () => {
  it('asks each once, then makes the other requests kind by kind, all in one call', async () => {
    const sent: (readonly ProbeRequest[])[] = []
    const came = await sendRepeatedly(fakeProbe(sent), [
      { times: 3, planned: { name: 'open', request: request(80) } },
      { times: 1, planned: { name: 'once', request: request(81) } },
      { times: 3, planned: { name: 'silent', request: request(82) } },
    ])
    expect(sent.map((requests) => requests.map((one) => (one.kind === 'tcp' ? one.port : 0)))).to.deep.equal([
      [80, 81, 82, 80, 80, 82, 82],
    ])
    expect(came.map(({ name }) => name)).to.deep.equal([
      ...['open', 'once', 'silent'],
      ...['open', 'open', 'silent', 'silent'],
    ])
    expect(came.map(({ probe }) => probe.outcome).slice(3)).to.deep.equal([
      ...['answered', 'answered', 'timeout', 'timeout'],
    ])
  })
})
