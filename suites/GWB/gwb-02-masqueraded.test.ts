import { expect } from 'chai'
import type { Frame } from '../../lib/observation/frame.ts'
import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { facts, kernel, names } from './bridged-nodes.fake.ts'
import { masqueraded } from './gwb-02-masqueraded.ts'

describe('GWB-02', () => {
  const from = ['rr-manager', 'rr-worker1', 'rr-worker2']
  const address = (name: string): string =>
    facts.nodes.find((one) => one.name === name)?.advertise.address ?? ''
  const next = (name: string): string => names[(names.indexOf(name) + 1) % names.length] ?? ''
  const homeOf = (id: string): string => id.replace('rr-', '')

  function sent(id: string, outcome: ProbeSeen['outcome'] = 'sent'): unknown {
    const home = homeOf(id)
    return {
      ...{ task: id, to: next(home) },
      probe: {
        ...{ kind: 'udp', from: `swp-rr@${home}`, fromNode: home, to: address(next(home)), port: 9, outcome },
        ...{ elapsedMs: 1, attempts: [], replies: [], replyBytes: [] },
      },
    }
  }

  function passing(id: string, egress: boolean, source: string): Frame {
    return {
      ...{ index: 1, at: 0, egress, digest: id, matched: [id], wireBytes: 80, udp: { from: 40_000, to: 9 } },
      outer: { source, destination: address(next(homeOf(id))), ttl: 63, bytes: 66 },
    }
  }

  /** Wires of all nodes; `source` tells the address each datagram arrives from, undefined for none. */
  function seen(source: (id: string) => string | undefined, outcomeOf = (): ProbeSeen['outcome'] => 'sent') {
    const wires = names.map((name) => {
      const frames = from.flatMap((id) => {
        const by = source(id)
        if (homeOf(id) === name) return [passing(id, true, by ?? '172.18.0.3')]
        return next(homeOf(id)) === name && by !== undefined ? [passing(id, false, by)] : []
      })
      const wire = { node: name, interface: 'eth1', file: `captures/${name}.pcap`, frames, passedOver: {} }
      return [
        name,
        { got: { ...wire, startedAt: '', endedAt: '', droppedByKernel: 0, droppedByInterface: 0 } },
      ]
    })
    return {
      kernel,
      sent: from.map((id) => sent(id, outcomeOf())),
      wires: Object.fromEntries(wires) as object,
    }
  }
  const own = (id: string): string => address(homeOf(id))

  it('passes where each arrives with the address of its node', () => {
    expect(verdictOf(masqueraded, seen(own))).to.include({ outcome: 'pass' })
  })

  it('fails where one arrives with the address of the task', () => {
    const { outcome, problems } = verdictOf(
      masqueraded,
      seen((id) => (id === 'rr-worker2' ? '172.18.0.3' : own(id))),
    )
    expect(outcome).to.equal('fail')
    expect(problems).to.have.lengthOf(1)
    expect(problems[0]).to.deep.include({
      ...{ code: 'outbound-source-wrong', kind: 'seen', node: 'worker2', observed: '172.18.0.3' },
      ...{ path: { from: 'worker2', to: 'manager' } },
    })
  })

  it('tells what left and did not arrive from what the task could not send', () => {
    const lost = seen((id) => (id === 'rr-manager' ? undefined : own(id)))
    expect(verdictOf(masqueraded, lost).problems.map(({ code }) => code)).to.deep.equal(['outbound-lost'])
    const refused = seen(
      () => undefined,
      () => 'error',
    )
    expect(verdictOf(masqueraded, refused).problems.map(({ code }) => code)).to.deep.equal(
      from.map(() => 'outbound-not-sent'),
    )
  })

  it('is skipped where nothing could be recorded, unless a route is wrong', () => {
    const missing = { what: 'tcpdump', of: 'tool', nodes: names }
    const blind = { ...seen(own), wires: Object.fromEntries(names.map((name) => [name, { missing }])) }
    expect(verdictOf(masqueraded, blind).outcome).to.equal('skip')
    const astray = JSON.parse(
      JSON.stringify(blind).replaceAll('"gateway":"172.18.0.1"', '"gateway":"10.91.1.1"'),
    ) as unknown
    expect(verdictOf(masqueraded, astray).problems[0]?.code).to.equal('default-route-elsewhere')
  })
})
