import { expect } from 'chai'
import { explainBoth } from './golden/two-cases.fake.ts'

/** What must be said of two faults at once, in this order: the code of a finding, and the node it is about where it names one. */
const pairs: readonly (readonly [string, string, readonly string[]])[] = [
  ['address-held-twice', 'balancer-task-missing', ['endpoint-addresses', 'ipvs-differs-by-node worker2']],
  ['address-held-twice', 'neighbour-entry-missing', ['endpoint-addresses', 'stale-forwarding worker2']],
  ['address-held-twice', 'underlay-mtu', ['endpoint-addresses', 'underlay-mtu-too-small worker2']],
  ['address-pools-covered', 'esp-lost', ['address-pools-used-up worker2', 'esp-blocked']],
  ['address-pools-covered', 'vxlan-lost', ['address-pools-used-up worker2', 'data-path-port-blocked']],
  [
    'arriving-vxlan-dropped',
    'underlay-mtu',
    ['host-firewall-drops manager', 'underlay-mtu-too-small worker2'],
  ],
  [
    'balancer-task-missing',
    'connections-by-vip-reset',
    ['ipvs-differs-by-node worker2', 'connections-by-vip-reset worker2'],
  ],
  ['esp-dropped', 'underlay-mtu', ['host-firewall-drops worker2', 'underlay-mtu-too-small worker2']],
  [
    'given-ports-blocked',
    'inner-checksums-broken',
    ['published-port-dropped worker2', 'inner-checksums-not-completed worker2'],
  ],
  ['gossip-lost', 'vxlan-lost', ['data-path-port-blocked', 'gossip-blocked']],
  [
    'ingress-forward-missing',
    'balancer-learns-nothing',
    ['mesh-rule-missing worker2', 'ipvs-differs-by-node worker2'],
  ],
  [
    'mark-rule-missing',
    'outbound-state-missing',
    ['clear-text-leak worker2', 'security-association-missing worker2'],
  ],
  ['packets-lost', 'forwarding-entry-missing', ['queueing-disturbs worker2', 'stale-forwarding worker2']],
  ['packets-repeated', 'outbound-policy-missing', ['clear-text-leak worker2', 'queueing-disturbs worker2']],
  [
    'rules-flushed',
    'bridge-settings-lost',
    ['engine-rules-gone worker2', 'gateway-bridge-made-otherwise worker2'],
  ],
  ['rules-flushed', 'esp-lost', ['engine-rules-gone worker2', 'esp-blocked']],
  [
    'rules-flushed',
    'gateway-bridge-too-large',
    ['engine-rules-gone worker2', 'gateway-bridge-mtu-too-large worker2'],
  ],
  [
    'rules-flushed',
    'outbound-state-missing',
    ['engine-rules-gone worker2', 'security-association-missing worker2'],
  ],
  ['sending-limited', 'neighbour-entry-missing', ['queueing-disturbs worker2', 'stale-forwarding worker2']],
  [
    'short-name-unanswered',
    'inner-checksums-broken',
    ['namespace-firewall-drops worker2', 'inner-checksums-not-completed worker2'],
  ],
  [
    'short-syntax-forward-missing',
    'inner-checksums-broken',
    ['inner-checksums-not-completed worker2', 'mesh-rule-missing worker2'],
  ],
  ['underlay-mtu', 'esp-lost', ['esp-blocked', 'underlay-mtu-too-small worker2']],
  [
    'underlay-mtu',
    'inner-checksums-broken',
    ['inner-checksums-not-completed worker2', 'underlay-mtu-too-small worker2'],
  ],
  ['underlay-mtu', 'outbound-policy-missing', ['clear-text-leak worker2', 'underlay-mtu-too-small worker2']],
  ['underlay-mtu', 'vxlan-lost', ['data-path-port-blocked', 'underlay-mtu-too-small worker2']],
  ['vxlan-lost', 'balancer-task-missing', ['data-path-port-blocked', 'ipvs-differs-by-node worker2']],
]

describe('two faults at once', function () {
  this.timeout(60_000)
  for (const [first, second, said] of pairs)
    it(`are two causes: ${first} and ${second}`, () => {
      const causes = explainBoth(first, second)
        .filter(({ severity }) => severity === 'cause')
        .map(({ code, nodes }) => [code, ...nodes].join(' '))
      expect(causes).to.deep.equal(said)
    })
})
