import { expect } from 'chai'
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
const problems = (
  changedRoot: Partial<typeof root> = {},
  changedSandbox: Partial<typeof sandbox> = {},
): readonly string[] =>
  followChain({ ...root, ...changedRoot }, { ...sandbox, ...changedSandbox }, port, backends).problems

describe('chain of a published port', () => {
  it('is followed from the node to the tasks', () => {
    expect(followChain(root, sandbox, port, backends)).to.deep.equal({
      sandbox: '172.18.0.2',
      destination: '172.18.0.2:8080',
      mark: 0x105,
      problems: [],
    })
  })

  it('breaks without the jumps', () => {
    expect(problems({ firewall: [dnat, back] })).to.deep.equal([
      'nat PREROUTING does not lead to DOCKER-INGRESS',
      'nat OUTPUT does not lead to DOCKER-INGRESS',
      'filter FORWARD does not lead to DOCKER-INGRESS',
      'nat POSTROUTING does not masquerade what the host itself sends to docker_gwbridge',
    ])
  })

  it('breaks without the rule for what the host itself sends, and with its negation alone', () => {
    const outward = rule('nat', 'POSTROUTING', 1, '-s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE')
    const without = problems({ firewall: [jump, own, forward, dnat, back, outward] })
    expect(without).to.deep.equal([
      'nat POSTROUTING does not masquerade what the host itself sends to docker_gwbridge',
    ])
  })

  it('breaks without the DNAT rule, or with RETURN before it', () => {
    expect(problems({ firewall: [jump, own, forward, back, masquerade] })[0]).to.include(
      'no effective DNAT rule',
    )
    expect(problems({ firewall: [jump, own, forward, back, dnat, masquerade] })[0]).to.include(
      'no effective DNAT rule',
    )
  })

  it('may lead to the engine’s chain through another one, but not in circles', () => {
    const by = rule('filter', 'FORWARD', 2, '-j DOCKER-FORWARD')
    const on = rule('filter', 'DOCKER-FORWARD', 1, '-j DOCKER-INGRESS')
    const through = { ...root, firewall: [jump, own, by, on, dnat, back, masquerade] }
    expect(followChain(through, sandbox, port, backends).problems).to.deep.equal([])
    const circle = {
      ...root,
      firewall: [jump, own, by, rule('filter', 'DOCKER-FORWARD', 1, '-j FORWARD'), dnat],
    }
    expect(followChain(circle, sandbox, port, backends).problems).to.include(
      'filter FORWARD does not lead to DOCKER-INGRESS',
    )
  })

  it('breaks when the DNAT leads elsewhere', () => {
    const links = [link('eth0', '10.0.0.2', 24), link('eth1', '172.18.0.7', 16)]
    expect(problems({}, { links })).to.deep.equal([
      'nat DOCKER-INGRESS leads port 8080 to 172.18.0.2:8080, expected 172.18.0.7:8080',
    ])
  })

  it('breaks without the mark or without the tasks', () => {
    expect(problems({}, { firewall: [] })[0]).to.include('no rule in mangle PREROUTING of ingress_sbox')
    expect(problems({}, { ipvs: [] })).to.deep.equal([
      'ingress_sbox IPVS: no IPVS service for firewall mark 261',
    ])
  })

  it('breaks without a sandbox', () => {
    expect(followChain(root, undefined, port, backends).problems).to.deep.equal(['there is no ingress_sbox'])
  })
})
