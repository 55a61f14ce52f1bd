import { expect } from 'chai'
import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule, Link, NamespaceState } from '../../lib/observe/host-state.ts'
import { followChain } from './chain.ts'

const rule = (table: string, chain: string, position: number, text: string): FirewallRule => ({
  table,
  chain,
  position,
  rule: text,
  packets: 0,
  bytes: 0,
})
const link = (name: string, address: string, prefixLength: number): Link => ({
  name,
  index: 1,
  kind: 'bridge',
  mtuBytes: 1500,
  mac: '02:42:ac:12:00:02',
  up: true,
  addresses: [{ address, prefixLength, family: 'inet' }],
})
const empty: NamespaceState = {
  inode: '',
  links: [],
  routes: [],
  neighbours: [],
  fdb: [],
  ipvs: [],
  firewall: [],
}
const jump = rule('nat', 'PREROUTING', 1, '-m addrtype --dst-type LOCAL -j DOCKER-INGRESS')
const own = rule('nat', 'OUTPUT', 1, '-m addrtype --dst-type LOCAL -j DOCKER-INGRESS')
const forward = rule('filter', 'FORWARD', 2, '-j DOCKER-INGRESS')
const dnat = rule(
  'nat',
  'DOCKER-INGRESS',
  1,
  '-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080',
)
const back = rule('nat', 'DOCKER-INGRESS', 2, '-j RETURN')
const masquerade = rule(
  'nat',
  'POSTROUTING',
  1,
  '-o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE',
)
const root = {
  ...empty,
  links: [link('docker_gwbridge', '172.18.0.1', 16)],
  firewall: [jump, own, forward, dnat, back, masquerade],
}
const sandbox = {
  ...empty,
  links: [link('eth0', '10.0.0.2', 24), link('eth1', '172.18.0.2', 16)],
  firewall: [
    rule('mangle', 'PREROUTING', 1, '-p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x105/0xffffffff'),
  ],
  ipvs: [
    {
      firewallMark: 0x105,
      scheduler: 'rr',
      destinations: [{ address: '10.0.0.9', weight: 1, forwarding: 'Masq' }],
    },
  ],
}
const port = { protocol: 'tcp' as const, publishedPort: 8080, targetPort: 80, mode: 'ingress' as const }
const backends = [{ name: 'web on b', address: '10.0.0.9' }]
const place = { node: 'worker1', service: 'swp-web', network: 'ingress' }
const follow = (changedRoot: Partial<typeof root> = {}, changedSandbox: Partial<typeof sandbox> = {}) =>
  followChain(
    { root: { ...root, ...changedRoot }, sandbox: { ...sandbox, ...changedSandbox } },
    ...([port, backends, place] as const),
  )
const problems = (...changes: Parameters<typeof follow>): readonly Problem[] => follow(...changes).problems
const unmarked = (subject: string) => ({ node: 'worker1', kind: 'missed', subject })
const ofPort = { ...place, protocol: 'TCP', port: 8080 }
const notReached = (subject: string) => ({ ...unmarked(subject), code: 'ingress-chain-not-reached' })
const notMasqueraded = { ...unmarked('nat POSTROUTING'), code: 'own-traffic-not-masqueraded' }
const notTranslated = {
  ...{ ...ofPort, code: 'port-not-translated', kind: 'missed', subject: 'nat DOCKER-INGRESS' },
}

describe('chain of a published port', () => {
  it('is followed from the node to the tasks', () => {
    expect(follow()).to.deep.equal({
      ...{ sandbox: '172.18.0.2', destination: '172.18.0.2:8080', mark: 0x105, problems: [] },
    })
  })

  it('breaks without the jumps, at the chain that lacks one', () => {
    expect(problems({ firewall: [dnat, back] })).to.deep.equal([
      ...['nat PREROUTING', 'nat OUTPUT', 'filter FORWARD'].map(notReached),
      notMasqueraded,
    ])
  })

  it('breaks without the rule for what the host itself sends, and with its negation alone', () => {
    const outward = rule('nat', 'POSTROUTING', 1, '-s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE')
    const without = problems({ firewall: [jump, own, forward, dnat, back, outward] })
    expect(without).to.deep.equal([notMasqueraded])
  })

  it('breaks without the DNAT rule, with RETURN before it, or with that of the other protocol alone', () => {
    const udp = { ...dnat, rule: dnat.rule.replaceAll('tcp', 'udp') }
    const before = [jump, own, forward, masquerade]
    for (const rules of [[back], [back, dnat], [udp, back]])
      expect(problems({ firewall: [...before, ...rules] })).to.deep.equal([notTranslated])
  })

  it('may lead to the engine’s chain through another one, but not in circles', () => {
    const by = rule('filter', 'FORWARD', 2, '-j DOCKER-FORWARD')
    const on = rule('filter', 'DOCKER-FORWARD', 1, '-j DOCKER-INGRESS')
    expect(problems({ firewall: [jump, own, by, on, dnat, back, masquerade] })).to.deep.equal([])
    const round = rule('filter', 'DOCKER-FORWARD', 1, '-j FORWARD')
    expect(problems({ firewall: [jump, own, by, round, dnat, masquerade] })).to.deep.equal([
      notReached('filter FORWARD'),
    ])
  })

  it('breaks when the DNAT leads elsewhere', () => {
    const links = [link('eth0', '10.0.0.2', 24), link('eth1', '172.18.0.7', 16)]
    expect(problems({}, { links })).to.deep.equal([
      {
        ...{ ...ofPort, code: 'port-translated-elsewhere', kind: 'seen', subject: 'nat DOCKER-INGRESS' },
        ...{ expected: '172.18.0.7:8080', observed: '172.18.0.2:8080' },
      },
    ])
  })

  it('breaks when the sandbox is not on the bridge', () => {
    expect(problems({}, { links: [link('eth0', '10.0.0.2', 24)] })).to.deep.equal([
      { ...unmarked('docker_gwbridge'), code: 'ingress-sandbox-not-on-bridge' },
    ])
  })

  it('breaks without the mark, the IPVS service or a task, on the node that lacks it', () => {
    const missed = { ...ofPort, kind: 'missed' }
    expect(problems({}, { firewall: [] })).to.deep.equal([
      { ...missed, code: 'port-not-marked', subject: 'mangle PREROUTING of ingress_sbox' },
    ])
    expect(problems({}, { ipvs: [] })).to.deep.equal([
      { ...missed, code: 'balancer-lacks-service', subject: 'IPVS of ingress_sbox' },
    ])
    const ipvs = sandbox.ipvs.map((service) => ({ ...service, destinations: [] }))
    expect(problems({}, { ipvs })).to.deep.equal([
      { ...missed, code: 'balancer-lacks-task', address: '10.0.0.9', subject: 'web on b' },
    ])
  })

  it('breaks without a sandbox', () => {
    expect(followChain({ root, sandbox: undefined }, port, backends, place).problems).to.deep.equal([
      { ...unmarked('ingress_sbox'), code: 'ingress-sandbox-missing' },
    ])
  })
})
