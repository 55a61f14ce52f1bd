import { expect } from 'chai'
import type { SecurityAssociation } from '../../lib/observe/host-state.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { type LedgerNode, ledgerProblems } from './ledger.ts'
import { engineMark } from '../../lib/change/outbound-policies.ts'

const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

function association(source: string, destination: string, key: number): SecurityAssociation {
  const hash = addresses.indexOf(source) * 16 + addresses.indexOf(destination)
  return {
    source,
    destination,
    spi: `0x${(hash * 256 + key).toString(16).padStart(8, '0')}`,
    mode: 'transport',
    requestId: engineMark,
    replayWindow: 0,
    algorithm: 'rfc4106(gcm(aes))',
    icvBits: 64,
  }
}

function node(address: string): LedgerNode {
  const peers = addresses.filter((peer) => peer !== address)
  return {
    name: `h${addresses.indexOf(address) + 1}`,
    address,
    state: {
      securityAssociations: peers.flatMap((peer) => [
        association(address, peer, 1),
        ...[1, 2, 3].map((key) => association(peer, address, key)),
      ]),
      securityPolicies: peers.map((peer) => ({
        direction: 'out' as const,
        source: `${address}/32`,
        destination: `${peer}/32`,
        protocol: 'udp',
        destinationPort: 4789,
        mark: engineMark,
        requestId: engineMark,
        spi: association(address, peer, 1).spi,
      })),
    },
  }
}

type State = LedgerNode['state']

/** What is found when the first node's state is changed. */
function problems(change: (state: State) => Partial<State> = () => ({}), port = 4789): string[] {
  const [first, ...others] = addresses.map(node) as [LedgerNode, ...LedgerNode[]]
  const changed = { ...first, state: { ...first.state, ...change(first.state) } }
  return ledgerProblems([changed, ...others], addresses, port).map(describeProblem)
}

const associations = (change: (all: readonly SecurityAssociation[]) => SecurityAssociation[]): string[] =>
  problems(({ securityAssociations }) => ({ securityAssociations: change(securityAssociations) }))

describe('security association ledger', () => {
  it('is sound with three inbound states, one outbound state and one policy per peer', () => {
    expect(problems()).to.deep.equal([])
  })

  it('ignores states of other IPsec users', () => {
    const foreign = { ...association('192.0.2.1', '203.0.113.9', 7), requestId: 1 }
    expect(associations((all) => [...all, foreign])).to.deep.equal([])
  })

  it('misses an outbound state', () => {
    expect(associations((all) => all.slice(1))).to.deep.equal([
      'h1 has 0 outbound states to h2, expected 1',
      'the outbound policy of h1 to h2 names SPI 0x00000101, for which there is no state',
    ])
  })

  it('misses an inbound state, and tells the peer that sends by it', () => {
    const without = associations((all) => all.filter(({ spi }) => spi !== '0x00001001'))
    expect(without).to.deep.equal([
      'h1 has 2 inbound states from h2, expected 3',
      'h2 sends to h1 with SPI 0x00001001, which h1 has no inbound state for',
    ])
  })

  it('sees SPIs that the peer does not know', () => {
    const [first, ...rest] = node('192.0.2.1').state.securityAssociations
    const other = { ...first, spi: '0xdeadbeef' } as SecurityAssociation
    expect(associations(() => [other, ...rest])[0]).to.include(
      'h1 sends to h2 with SPI 0xdeadbeef, which h2 has no inbound state for',
    )
  })

  it('sees another mode, algorithm or check value', () => {
    const changed = (change: Partial<SecurityAssociation>): string[] =>
      associations(([first, ...rest]) => [{ ...first, ...change } as SecurityAssociation, ...rest])
    expect(changed({ mode: 'tunnel' })[0]).to.include('has mode tunnel, expected transport')
    expect(changed({ algorithm: 'cbc(aes)' })[0]).to.include('algorithm cbc(aes)')
    expect(changed({ icvBits: 128 })[0]).to.include('icvBits 128, expected 64')
  })

  it('misses a policy, and sees one for another port', () => {
    expect(
      problems(({ securityPolicies }) => ({ securityPolicies: securityPolicies.slice(1) })),
    ).to.deep.equal(['h1 has 0 outbound policies to h2, expected 1'])
    expect(problems(undefined, 4790)[0]).to.include('is for port 4789, expected 4790')
  })

  it('sees states towards addresses that no node has', () => {
    const stray = association('192.0.2.1', '198.51.100.7', 9)
    expect(associations((all) => [...all, stray])[0]).to.include('not both data-path addresses')
  })
})
