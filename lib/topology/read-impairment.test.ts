import { expect } from 'chai'
import { InputError } from '../error.ts'
import { impairedAttachments, impairmentsOf } from './impaired-attachments.ts'
import { parseTopology } from './read-topology.ts'

const lab = (underlay: string, worker = ''): string => `
underlays: { wire: { subnet: 192.168.56.0/24${underlay} }, other: { subnet: 192.168.57.0/24 } }
nodes:
  m: { role: manager, addresses: { wire: 192.168.56.11, other: 192.168.57.11 } }
  w: { role: worker, addresses: { wire: 192.168.56.12 }${worker} }
`

const impairmentOf = (keys: string): unknown =>
  parseTopology(lab(`, ${keys}`), 'x.yaml').underlays[0]?.impairment

function refusal(text: string): string {
  try {
    parseTopology(text, 'x.yaml')
  } catch (error) {
    expect(error).to.be.instanceOf(InputError)
    return (error as InputError).message
  }
  throw new Error('it was accepted')
}

describe('impairments of a topology', () => {
  it('are read in one unit each, whatever unit they are written in', () => {
    expect(impairmentOf('delay: 20ms, loss: 0.5%, rate: 10mbit, reorder: 25%')).to.deep.equal({
      ...{ delayMs: 20, lossPercent: 0.5, rateKbit: 10_000, reorderPercent: 25 },
    })
    expect(impairmentOf('delay: 300us')).to.deep.equal({ delayMs: 0.3 })
    expect(impairmentOf('delay: 1s, rate: 1.5gbit')).to.deep.equal({ delayMs: 1000, rateKbit: 1_500_000 })
    expect(impairmentOf('rate: "64kbit"')).to.deep.equal({ rateKbit: 64 })
  })

  it('are absent where nothing is said, so that a lab saved before there were any still fits', () => {
    const plain = parseTopology(lab(''), 'x.yaml')
    expect(plain.underlays[0]).to.have.all.keys('name', 'subnet', 'mtuBytes')
    expect(plain.nodes[1]).not.to.have.property('impairments')
    expect(impairmentsOf(plain)).to.deep.equal([])
  })

  it('of a node stand instead of its underlay’s, and none is a word, too', () => {
    const own = parseTopology(lab(', delay: 5ms', ', impairments: { wire: { loss: 2% } }'), 'x.yaml')
    expect(own.nodes.map((node) => impairedAttachments(node, own))).to.deep.equal([
      [{ underlay: 'wire', address: '192.168.56.11', impairment: { delayMs: 5 } }],
      [{ underlay: 'wire', address: '192.168.56.12', impairment: { lossPercent: 2 } }],
    ])
    const none = parseTopology(lab(', delay: 5ms', ', impairments: { wire: {} }'), 'x.yaml')
    expect(none.nodes.map((node) => impairedAttachments(node, none).length)).to.deep.equal([1, 0])
    expect(impairmentsOf(own)).to.deep.equal([
      "underlay 'wire': 5 ms of delay",
      "underlay 'wire': 2 % lost, from w",
    ])
    expect(impairmentsOf(none)[1]).to.equal("underlay 'wire': not impaired, from w")
  })

  it('are refused where the unit is missing, unknown or another quantity’s', () => {
    for (const value of [
      '20',
      '20 ms',
      '-1ms',
      '0ms',
      '1e3ms',
      '20MS',
      '2min',
      '5%',
      '',
      '~',
      '[1ms]',
      'ms',
      'constructor',
    ])
      expect(refusal(lab(`, delay: ${value}`)), value).to.match(
        /^x\.yaml:2: underlays\.wire\.delay: must be /,
      )
    for (const value of ['0.5', '100%', '5pct', '0%'])
      expect(refusal(lab(`, loss: ${value}`)), value).to.match(/underlays\.wire\.loss: must be /)
    for (const value of ['10', '10mbps', '1kbit', '200gbit'])
      expect(refusal(lab(`, rate: ${value}`)), value).to.match(/underlays\.wire\.rate: must be /)
  })

  it('of a node name an underlay that it is on', () => {
    expect(refusal(lab('', ', impairments: { other: { delay: 1ms } }'))).to.contain(
      "nodes.w.impairments.other: the node has no address on an underlay 'other'; valid: wire",
    )
    expect(refusal(lab('', ', impairments: { wire: { reorder: 1% } }'))).to.contain('give delay, too')
  })
})
