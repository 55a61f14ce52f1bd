import { expect } from 'chai'
import type { HostState } from '../lib/observe/host-state.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type Firewall = Changeable<HostState>['root']['firewall']

/** A rule as `TABLE CHAIN RULE`. */
function ruleOf(text: string): Firewall[number] {
  const [table = '', chain = '', ...words] = text.split(' ')
  return { table, chain, position: 1, rule: words.join(' '), packets: 0, bytes: 0 }
}

describe('the engine’s rules gone on a node', () => {
  it('explain all that follows from it', async () => {
    const [finding, ...others] = await findingsWhere('rules-flushed')
    expect(finding).to.deep.include({ code: 'engine-rules-gone', nodes: ['worker1'] })
    expect(finding?.explains).to.deep.equal(['CTL-07', 'OVL-03', 'ENC-01', 'ENC-07', 'MTU-02', 'ING-01'])
    expect(others).to.deep.equal([])
  })

  describe('are gone although the operator’s own rules are back', () => {
    const restored = async (...rules: readonly string[]): ReturnType<typeof findingsWhere> =>
      findingsWhere('rules-flushed', ({ root }, node) => {
        if (node === 'worker1') root.firewall = rules.map(ruleOf)
      })

    for (const [what, rules] of Object.entries({
      'such as DOCKER-USER and the jump to it': [
        'filter FORWARD -j DOCKER-USER',
        'filter DOCKER-USER -s 203.0.113.0/24 -j DROP',
        'filter DOCKER-USER -j RETURN',
      ],
      'such as one that names a bridge of the engine’s': [
        'nat POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j SNAT --to-source 192.168.56.12',
        'filter FORWARD -i docker_gwbridge -j ACCEPT',
      ],
      'in a chain whose name only begins as the engine’s': [
        'filter FORWARD -j DOCKER-ALLOWED',
        'filter DOCKER-ALLOWED -s 192.0.2.0/24 -j ACCEPT',
      ],
      'and mark something else': [
        'mangle OUTPUT -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff',
      ],
    }))
      it(what, async () => {
        const [finding, ...others] = await restored(...rules)
        expect(finding?.title).to.equal(
          "worker1 has none of the engine's firewall rules, other nodes have them",
        )
        expect(finding?.explains).to.deep.equal(['CTL-07', 'OVL-03', 'ENC-01', 'ENC-07', 'MTU-02', 'ING-01'])
        expect(others).to.deep.equal([])
      })
  })

  it('are one finding where no node has them, for which a restart alone does not help', async () => {
    const [finding, ...others] = await findingsWhere('rules-flushed', ({ root }) => (root.firewall = []))
    expect(finding).to.deep.include({
      code: 'engine-rules-gone',
      nodes: ['manager', 'worker1', 'worker2'],
      explains: ['CTL-07', 'OVL-03', 'ENC-01', 'ENC-07', 'MTU-02', 'ING-01'],
    })
    expect(finding?.title).to.match(/^No node has any of the engine's firewall rules/)
    expect(finding?.remedy[0]).to.contain('daemon.json')
    expect(others).to.deep.equal([])
  })

  it('are not said of all where the rules of one could not be read, or may be elsewhere', async () => {
    for (const unread of [
      (state: Changeable<HostState>) =>
        (state.unavailable = [{ what: 'firewall', tool: 'iptables-save', package: 'iptables' }]),
      (state: Changeable<HostState>) =>
        (state.firewallBackend = { ...state.firewallBackend, legacyTables: ['nat'] }),
    ]) {
      const found = await findingsWhere('rules-flushed', (state, node) => {
        state.root.firewall = []
        if (node === 'manager') unread(state)
      })
      expect(found.map(({ code }) => code)).to.not.include('engine-rules-gone')
    }
  })

  it('are those of one table, where the other is whole', async () => {
    const whole: Firewall = []
    const found = await findingsWhere('rules-flushed', ({ root }, node) => {
      if (node === 'manager') whole.push(...root.firewall.filter(({ table }) => table === 'filter'))
      if (node === 'worker1') root.firewall = whole
    })
    expect(found[0]?.title).to.equal(
      "worker1 has none of the engine's firewall rules in the table nat, other nodes have them",
    )
    expect(found[0]?.explains).to.deep.equal(['ING-01'])
  })

  it('are said to be gone where the node had them when the run began, else not to be there', async () => {
    const had: Firewall = []
    const [gone] = await findingsWhere('rules-flushed', ({ root }, node, reading) => {
      if (reading === 'kernel' && node === 'worker2') had.push(...root.firewall)
      if (reading === 'kernel' && node === 'worker1') root.firewall = had
    })
    const [none] = await findingsWhere('rules-flushed')
    expect(gone?.title).to.equal("The engine's firewall rules are gone on worker1: all")
    expect(gone?.remedy.join()).to.not.contain('"iptables": false')
    expect(none?.title).to.equal("worker1 has none of the engine's firewall rules, other nodes have them")
    expect(none?.remedy[1]).to.contain('"iptables": false')
  })

  it('explain nothing of what leaves on encrypted networks where the rule that marks is there', async () => {
    const mark: Firewall = []
    const [finding] = await findingsWhere('rules-flushed', ({ root }, node) => {
      if (node === 'manager') mark.push(...root.firewall.filter(({ table }) => table === 'mangle'))
      if (node === 'worker1') root.firewall = mark
    })
    // The rule that drops what arrives in clear was of the table that is gone.
    expect(finding?.explains).to.deep.equal(['ENC-07', 'ING-01'])
  })

  it('explain nothing of balancers, which have rules of their own', async () => {
    const found = await findingsWhere('balancer-forwarding-off', ({ root }, node) => {
      if (node === 'worker1') root.firewall = []
    })
    expect(found.map(({ code }) => code)).to.deep.equal(['balancer-settings-differ'])
  })

  it('explain no port of another node', async () => {
    const found = await findingsWhere('quick-data-port-dropped', ({ root }, node) => {
      if (node === 'worker1') root.firewall = root.firewall.filter(({ table }) => table === 'mangle')
    })
    const [gone, dropped] = found
    expect(gone?.explains).to.deep.equal(['ING-01'])
    expect(dropped).to.deep.include({ code: 'host-firewall-drops', explains: ['OVL-03', 'MTU-02', 'ING-01'] })
  })

  it('are not said where the other implementation of iptables may have them', async () => {
    for (const [backend, program, legacyTables] of [
      ['nft', '/usr/sbin/xtables-nft-multi', ['nat', 'filter']],
      ['legacy', '/usr/sbin/xtables-legacy-multi', ['nat']],
    ] as const) {
      const found = await findingsWhere('rules-flushed', (state, node) => {
        if (node === 'worker1') state.firewallBackend = { backend, program, legacyTables: [...legacyTables] }
      })
      expect(found.map(({ code }) => code)).to.not.include('engine-rules-gone')
    }
  })

  it('are not said where the firewall could not be read', async () => {
    const found = await findingsWhere('rules-flushed', (state) => {
      state.unavailable = [{ what: 'firewall', tool: 'iptables-save', package: 'iptables' }]
    })
    expect(found.map(({ code }) => code)).to.not.include('engine-rules-gone')
  })
})
