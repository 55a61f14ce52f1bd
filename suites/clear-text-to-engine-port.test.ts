import { expect } from 'chai'
import { causesOf, explainAltered, explainWithKernel } from './golden/altered-case.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const gossip = 'clear-text-on-gossip-port'
const management = 'clear-text-on-management-port'

interface Stream {
  source: string
  sourcePort: number
  destination: string
  form: string
  at?: number
  isControl: boolean
}
interface Control {
  readonly streams: Stream[]
  readonly wires: Record<string, { readonly got?: { readonly frames: Frame[] } }>
}
interface Frame {
  outer?: { source: string; destination: string }
  udp?: { from: number; to: number }
}

/** Changes each stream that is not TLS, but for the one that was made on purpose. */
const clearStreams = (seen: unknown, change: (stream: Stream) => void): void => {
  for (const stream of (seen as Control).streams)
    if (!stream.isControl && stream.form === 'not-tls') change(stream)
}

describe('clear text on a port of engines', () => {
  it('of gossip is named with the sender, its port and the socket that has it', () => {
    const said = explainAltered(gossip)
    expect(causesOf(said)).to.deep.equal([['clear-text-to-engine-port', ['worker2']]])
    expect(said.findings[0]?.title).to.match(
      /^worker2 sends clear text to UDP 7946 of manager, from port \d+: no engine does$/,
    )
    expect(said.findings[0]?.proof[1]).to.match(/^worker2: a socket of the host itself has UDP \d+$/)
    expect(said.findings[0]?.explains).to.deep.equal(['CTL-06'])
  })

  it('of management is named with what is spoken', () => {
    const said = explainAltered(management)
    expect(causesOf(said)).to.deep.equal([['clear-text-to-engine-port', ['worker1']]])
    expect(said.findings[0]?.title).to.match(
      /^worker1 sends HTTP to TCP 2377 of manager, from ports [\d, ]+: no engine does$/,
    )
    expect(said.findings[0]?.explains).to.deep.equal(['CTL-05'])
  })

  it('from the engine’s own port is said to be of an engine without keys, or of who took the port', () => {
    const said = explainAltered(gossip, (name, { seen }) => {
      if (name !== 'control') return
      for (const { got } of Object.values((seen as Control).wires))
        for (const { udp } of got?.frames ?? []) if (udp?.to === 7946) udp.from = 7946
    })
    expect(said.findings[0]?.title).to.match(
      /^worker2 sends clear text to UDP 7946 of manager, from port 7946: the port of its engine$/,
    )
  })

  it('is not laid to an engine that sends encrypted gossip besides, nor to one where no node is', () => {
    const from = (node: string | undefined, change: (frame: Frame & { egress?: boolean }) => void) =>
      explainAltered(gossip, (name, { seen }) => {
        if (name !== 'control') return
        for (const { got } of Object.values((seen as Control).wires))
          for (const frame of got?.frames ?? [])
            if (frame.udp?.to === 7946 && frame.udp.from !== 7946) change(frame)
      }).findings.filter(({ nodes }) => nodes[0] === node)
    const [another] = from('worker2', ({ udp }) => {
      if (udp !== undefined) udp.from = 7946
    })
    expect(another?.proof[1]).to.match(/^encrypted gossip came from 192\.168\.56\.13, port 7946, besides$/)
    const [stranger] = from(undefined, (frame) => {
      Object.assign(frame, { egress: false, udp: { ...frame.udp, from: 7946 } })
      if (frame.outer !== undefined) frame.outer.source = '192.0.2.9'
    })
    expect(stranger?.title).to.match(/^192\.0\.2\.9 sends .*, from port 7946: it is no node of the swarm$/)
    expect(stranger?.proof).to.have.lengthOf(1)
  })

  it('says of no socket that was not there when sockets were read', () => {
    const said = explainWithKernel(gossip, (state) => {
      state.listeners = state.listeners.filter(({ port }) => port === 7946)
    })
    expect(causesOf(said)).to.deep.equal([['clear-text-to-engine-port', ['worker2']]])
    expect(said.findings[0]?.proof).to.have.lengthOf(1)
  })

  it('of an address that no node has is told by the address', () => {
    const said = explainAltered(management, (name, { seen }) => {
      if (name === 'control') clearStreams(seen, (stream) => (stream.source = '192.168.56.77'))
    })
    expect(causesOf(said)).to.deep.equal([['clear-text-to-engine-port', []]])
    expect(said.findings[0]?.title).to.match(/^192\.168\.56\.77 sends HTTP to TCP 2377 of manager/)
  })

  it('is not that of a stream that began as TLS, nor of the one that tests the matcher', () => {
    const later = explainAltered(management, (name, { seen }) => {
      if (name === 'control') clearStreams(seen, (stream) => (stream.at = 57))
    })
    expect(later.outcomes['CTL-05']).to.equal('fail')
    expect(causesOf(later)).to.deep.equal([])
  })

  it('explains no name that was readable in records of TLS', () => {
    const said = explainAltered(management, (name, { seen }) => {
      if (name !== 'control') return
      const [stream] = (seen as Control).streams.filter(
        ({ form, source }) => form === 'tls' && source === '192.168.56.12',
      )
      Object.assign(stream ?? {}, { readable: ['swp-web'] })
    })
    expect(said.problems['CTL-05']?.some((key) => key.includes('name-readable'))).to.equal(true)
    expect(said.findings[0]?.nodes).to.deep.equal(['worker1'])
  })

  it('is none on a sound cluster, whose control stream is in clear', async () => {
    const found = await findingsWhere('standard-conformant', undefined, undefined, undefined, {
      'CTL-05': [
        {
          ...{ code: 'stream-not-tls', kind: 'seen', port: 2377, observed: 0 },
          path: { from: 'worker1', to: 'manager' },
        },
      ],
    })
    expect(found.map(({ code }) => code)).to.not.include('clear-text-to-engine-port')
  })
})
