import { expect } from 'chai'
import { parseSecurityAssociations, parseSecurityPolicies } from './xfrm.ts'

const state = `src 192.168.56.12 dst 192.168.56.11
	proto esp spi 0x047f3d2e reqid 13681891 mode transport
	replay-window 0 
	aead rfc4106(gcm(aes)) (redacted) 64
	anti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000
	sel src 0.0.0.0/0 dst 0.0.0.0/0 
src 192.0.2.1 dst 192.0.2.2
	proto esp spi 0x00000100 reqid 7 mode tunnel
	replay-window 32 flag af-unspec
	auth-trunc hmac(sha256) (redacted) 128
	enc cbc(aes) (redacted)
	anti-replay context: seq 0x5, oseq 0x0, bitmap 0x0000001f`.split('\n')

const policy = `src 192.168.56.11/32 dst 192.168.56.12/32 proto udp dport 4789 
	dir out priority 0 ptype main 
	mark 0xd0c4e3/0xffffffff 
	tmpl src 192.168.56.11 dst 192.168.56.12
		proto esp spi 0xdcfea965 reqid 13681891 mode transport
src 0.0.0.0/0 dst 0.0.0.0/0 
	socket in priority 0 ptype main 
src 10.1.0.0/16 dst 10.2.0.0/16 
	dir fwd priority 100 ptype main 
	tmpl src 192.0.2.1 dst 192.0.2.2
		proto esp reqid 7 mode tunnel`.split('\n')

describe('security associations', () => {
  it('reads the states of an encrypted overlay', () => {
    expect(parseSecurityAssociations(state)[0]).to.deep.equal({
      source: '192.168.56.12',
      destination: '192.168.56.11',
      spi: '0x047f3d2e',
      mode: 'transport',
      requestId: 0xd0c4e3,
      replayWindow: 0,
      algorithm: 'rfc4106(gcm(aes))',
      icvBits: 64,
    })
  })

  it('reads states of other makers', () => {
    expect(parseSecurityAssociations(state)[1]).to.deep.include({
      spi: '0x00000100',
      mode: 'tunnel',
      replayWindow: 32,
      algorithm: 'cbc(aes) hmac(sha256)',
      icvBits: 128,
    })
  })
})

describe('security policies', () => {
  it('reads of which XFRM interface a policy is', () => {
    const [policy] = parseSecurityPolicies([
      'src 0.0.0.0/0 dst 0.0.0.0/0 ',
      '\tdir out priority 399999 ',
      '\ttmpl src 192.0.2.1 dst 192.0.2.2',
      '\t\tproto esp spi 0xc1d2e3f4 reqid 1 mode tunnel',
      '\tif_id 0x2a',
    ])
    expect(policy).to.deep.include({ interfaceId: 42, requestId: 1 })
  })

  it('reads selector, mark and template, and leaves out socket policies', () => {
    expect(parseSecurityPolicies(policy)).to.deep.equal([
      {
        direction: 'out',
        source: '192.168.56.11/32',
        destination: '192.168.56.12/32',
        protocol: 'udp',
        destinationPort: 4789,
        mark: 0xd0c4e3,
        spi: '0xdcfea965',
        requestId: 0xd0c4e3,
      },
      { direction: 'fwd', source: '10.1.0.0/16', destination: '10.2.0.0/16', protocol: '', requestId: 7 },
    ])
  })
})
