import { expect } from 'chai'
import { hostState, link, namespace } from '../../host-states.fake.ts'
import { type KernelSeen, namespaceSeen, rootSeen, type SeenPart } from './kernel-seen.ts'

describe('kernel state that was read in part', () => {
  const inside = namespace([link('eth0', 1450)])
  const seen = (what: string, tool: string, name = ''): KernelSeen => ({
    a: {
      ...hostState('a', namespace([link('eth1', 1500)]), { ingress_sbox: inside, '2-abcdefghij': inside }),
      unavailable: [{ what, tool, package: name }],
    },
  })
  const own = "the host's own namespace"
  const part = (state: KernelSeen, wanted: SeenPart): string =>
    Object.keys(rootSeen(state, 'a', wanted))[0] ?? ''

  it('has no firewall where one of its two programs failed, for either may have the engine’s rules', () => {
    for (const tool of ['iptables-save', 'nft']) {
      const failed = seen(`output of ${tool} in ${own}`, tool)
      expect([part(failed, 'firewall'), part(failed, 'devices')], tool).to.deep.equal(['threw', 'got'])
      const elsewhere = seen(`output of ${tool} in ingress_sbox`, tool)
      expect(part(elsewhere, 'firewall'), tool).to.equal('got')
      expect(namespaceSeen(elsewhere, 'a', 'ingress_sbox', 'firewall'), tool).to.have.property('threw')
    }
  })

  it('has none where iptables is not there, by the name of what is missing', () => {
    expect(part(seen('firewall', 'iptables-save', 'iptables'), 'firewall')).to.equal('missing')
    expect(part(seen('queueing', 'tc', 'iproute2'), 'firewall')).to.equal('got')
  })

  it('has a namespace by whichever number its overlay has', () => {
    const state = seen('', '')
    expect(namespaceSeen(state, 'a', '1-abcdefghij', 'devices')).to.deep.equal({ got: inside })
    expect(namespaceSeen(state, 'a', '1-zzzzzzzzzz', 'devices')).to.deep.equal({ got: undefined })
  })
})
