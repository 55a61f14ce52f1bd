import { expect } from 'chai'
import { addressIn, type TaskFacts } from '../../lib/observation/facts.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { encodeDatagram } from '../../lib/packet/encode.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { threeNodes } from '../three-nodes.fake.ts'
import { inVxlan, type OnWire, wiresOf } from '../wires.fake.ts'
import { checksums } from './vxl-10-checksums.ts'

const facts = threeNodes()
const task = (node: string): TaskFacts => {
  const found = facts.tasks.find((one) => one.service === 'swp-rr' && one.node === node)
  if (found === undefined) throw new Error(`no task on ${node}`)
  return found
}
const { clear } = facts.networks
/** Of an inner frame of UDP. */
const checksumAt = 40

function datagram(from: string, to: string, change: (view: DataView) => void = () => undefined): OnWire {
  const ends = { source: addressIn(task(from), clear), destination: addressIn(task(to), clear) }
  const macs = { sourceMac: '02:42:0a:5b:01:08', destinationMac: '02:42:0a:5b:01:06' }
  const inner = encodeDatagram(
    { ...ends, ...macs, sourcePort: 40_000, destinationPort: 7007 },
    Buffer.from('text'),
  )
  change(new DataView(inner.buffer))
  return inVxlan(facts, from, to, inner, { vni: clear.vni, port: facts.dataPathPort })
}

const broken = (view: DataView): void => view.setUint16(checksumAt, view.getUint16(checksumAt) ^ 0xffff)

/** As a sender leaves it to its card: the folded sum of the pseudo-header. */
function unfinished(view: DataView): void {
  let sum = 17 + view.getUint16(38)
  for (let at = 26; at < 34; at += 2) sum += view.getUint16(at)
  view.setUint16(checksumAt, (sum & 0xffff) + (sum >>> 16))
}

const probed = (from: string, to: string, protocol: string, outcome: string) => ({
  ...{ from: task(from).id, to: task(to).id, network: 'clear', protocol },
  probe: { outcome, kind: protocol, elapsedMs: 1, attempts: [], replies: [], replyBytes: [] },
})
const seen = (sent: readonly OnWire[], exchanged: readonly object[] = []) => ({
  exchange: { wires: wiresOf(facts, sent), exchanged, leftOut: [] },
})
const found = ({ problems }: Judgement): string[] =>
  problems.map(
    ({ code, path, protocol, subject, expected, observed }) =>
      `${code} ${path?.from} ${path?.to} ${protocol} ${subject}: ${observed} of ${expected}`,
  )

describe('judging checksums', () => {
  it('passes what arrived with right ones, and counts it', () => {
    const judged = judge(checksums, seen([datagram('worker1', 'worker2'), datagram('worker2', 'worker1')]))
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(/^2 packets in VXLAN arrived .* 2 ordered pairs/)
  })

  it('fails for wrong ones inside VXLAN, where they arrive, by pair and protocol', () => {
    const sent = [
      datagram('worker1', 'worker2', broken),
      datagram('worker1', 'worker2'),
      datagram('worker2', 'worker1'),
    ]
    const judged = judge(checksums, seen(sent))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(found(judged)).to.deep.equal(['checksum-wrong worker1 worker2 UDP inside VXLAN: 1 of 2'])
    expect(Object.values(judged.packets).flat()).to.have.lengthOf(1)
  })

  it('fails for wrong ones outside VXLAN', () => {
    const sent = datagram('worker1', 'worker2')
    const bytes = sent.bytes.slice()
    // The lifetime in the outer header of IP.
    new DataView(bytes.buffer).setUint8(22, 9)
    expect(found(judge(checksums, seen([{ ...sent, bytes }])))).to.deep.equal([
      'checksum-wrong worker1 worker2 UDP outside VXLAN: 1 of 1',
    ])
  })

  it('fails for unfinished ones only where echoes are answered and nothing of the protocol is', () => {
    const sent = [datagram('worker1', 'worker2', unfinished)]
    const of = (udp: string, icmp: string): string[] =>
      found(
        judge(
          checksums,
          seen(sent, [probed('worker1', 'worker2', 'udp', udp), probed('worker1', 'worker2', 'icmp', icmp)]),
        ),
      )
    expect(of('answered', 'answered')).to.deep.equal([])
    expect(of('timeout', 'timeout')).to.deep.equal([])
    expect(of('timeout', 'answered')).to.deep.equal([
      'checksum-unfinished worker1 worker2 UDP inside VXLAN: 1 of 1',
    ])
  })

  it('concludes nothing where nothing arrived whole, nor from what left', () => {
    const { exchange } = seen([datagram('worker1', 'worker2', broken)])
    const arrived = Object.fromEntries(
      Object.entries(exchange.wires).map(([name, { got }]) => [
        name,
        { got: { ...got, frames: got.frames.filter(({ egress }) => egress) } },
      ]),
    )
    const judged = judge(checksums, { exchange: { ...exchange, wires: arrived } })
    expect(judged.problems).to.deep.equal([])
    expect(outcomeOf(judged)).to.equal('inconclusive')
  })
})
