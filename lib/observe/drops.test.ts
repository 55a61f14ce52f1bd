import { expect } from 'chai'
import { readSections } from '../remote/sections.ts'
import { type Drop, parseDrops } from './drops.ts'
import { recorded } from './recorded/recorded.fake.ts'

const printed = (counts: string, clock = '2026-11-28T15:55:00Z'): string =>
  `@@ clock\n${clock}\n@@ reasons\n${recorded('drops-6.12', 'reasons.txt')}@@ counts\n${counts}@@ end\n`
const parsed = (counts: string, clock?: string): ReturnType<typeof parseDrops> =>
  parseDrops(readSections(printed(counts, clock), '@@'))
const drops = (plant: string): readonly Drop[] => parsed(recorded('drops-6.12', `${plant}.txt`)).drops
const ofIpv4 = (plant: string): string[] =>
  drops(plant)
    .filter(({ protocol, location }) => protocol === '0x0800' && !/^(sk|tcp)_/.test(location))
    .map(({ count, reason, location }) => `${count} ${reason} ${location}`)

describe('drops of a kernel', () => {
  it('have the names of this kernel for their reasons, and the function without its address', () => {
    expect(ofIpv4('traffic-control')).to.deep.equal(['7 TC_INGRESS __netif_receive_skb_core'])
    expect(ofIpv4('reverse-path-filter')).to.deep.equal(['21 IP_RPFILTER ip_rcv_finish_core'])
    expect(ofIpv4('ipsec-policy')).to.deep.equal(['14 XFRM_POLICY udp_queue_rcv_one_skb'])
    expect(ofIpv4('unknown-spi')).to.deep.equal(['7 NOT_SPECIFIED xfrm_input'])
    expect(ofIpv4('wrong-checksum')).to.deep.equal(['7 UDP_CSUM __udp4_lib_rcv'])
    expect(ofIpv4('closed-port')).to.deep.equal(['7 NO_SOCKET __udp4_lib_rcv'])
    expect(ofIpv4('nothing')).to.deep.equal([])
  })

  it('have functions of modules, too', () => {
    expect(ofIpv4('raw-table')).to.deep.equal(['14 NETFILTER_DROP nft_do_chain'])
    expect(ofIpv4('unknown-vni')).to.deep.equal(['7 VXLAN_VNI_NOT_FOUND vxlan_rcv'])
  })

  it('begin with the most frequent, and say what found no room', () => {
    const counts = recorded('drops-6.12', 'input-chain.txt')
    expect(parsed(counts).drops.map(({ count }) => count)).to.deep.equal([16, 14, 1, 1])
    expect(parsed(counts).uncounted).to.equal(0)
    expect(parsed(counts.replace('Dropped: 0', 'Dropped: 3')).uncounted).to.equal(3)
  })

  it('keep a number where the kernel has no name for it', () => {
    const counts = recorded('drops-6.12', 'closed-port.txt').replace(/reason: +3,/, 'reason: 65537,')
    expect(parsed(counts).drops.map(({ reason }) => reason)).to.include('65537')
  })

  it('are of this form or none', () => {
    expect(parsed('{ reason: 3, protocol: 2048, location: $(id) } hitcount: 1\n').drops).to.deep.equal([])
    expect(() => parsed('', 'yesterday')).to.throw('no time of a host')
  })
})
