import { expect } from 'chai'
import type { Finding } from '../lib/observation/finding.ts'
import type { HostState } from '../lib/observe/host-state.ts'
import { parseNftables } from '../lib/observe/nftables.ts'
import { allOf, deleted, inserted } from './changed-firewall.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

type Rule = Changeable<HostState>['root']['firewall'][number]

/** VXLAN is lost at worker2, and the rule that dropped it is not there. */
const unlessDropped = deleted(/^filter INPUT -p udp -m udp --dport 4789 -j DROP$/, 'worker2')
const atInput = (...changes: readonly ChangeKernel[]): Promise<readonly Finding[]> =>
  findingsWhere('quick-data-port-dropped', allOf(unlessDropped, ...changes))
/** What worker2 forwards is lost, and the rule that dropped it is not there. */
const atForward = (...changes: readonly ChangeKernel[]): Promise<readonly Finding[]> =>
  findingsWhere('forward-dropped', allOf(deleted(/^filter FORWARD -j DROP$/, 'worker2'), ...changes))

/** As `inserted`, with a counter that rose meanwhile. */
function rising(table: string, chain: string, rule: string, packets = 521): ChangeKernel {
  return (state, node, reading) =>
    inserted('worker2', table, chain, rule, reading === 'kernel' ? 0 : packets)(state, node, reading)
}

/** As `iptables -A` does. */
function appended(table: string, chain: string, rule: string, counted = 521): ChangeKernel {
  return ({ root }, node, reading) => {
    if (node !== 'worker2') return
    const position = root.firewall.filter((one) => one.table === table && one.chain === chain).length + 1
    const packets = reading === 'kernel' ? 0 : counted
    const last: Rule = { table, chain, position, rule, packets, bytes: 0 }
    root.firewall = [...root.firewall, last]
  }
}

function policy(table: string, chain: string, counted = 521): ChangeKernel {
  return ({ root }, node, reading) => {
    if (node !== 'worker2') return
    const others = (root.policies ?? []).filter((one) => one.table !== table || one.chain !== chain)
    root.policies = [...others, { table, chain, policy: 'DROP', packets: reading === 'kernel' ? 0 : counted }]
  }
}

/** `nft -j list ruleset` of worker2, `COUNT` for what a counter has. */
function ruled(json: string): ChangeKernel {
  return (state, node, reading) => {
    if (node !== 'worker2') return
    const listed = json.replaceAll('COUNT', reading === 'kernel' ? '0' : '521')
    state.nftables = [...parseNftables(`{"nftables":[${listed}]}`)] as NonNullable<typeof state.nftables>
  }
}

const chain = (family: string, table: string, name: string, more: string): string =>
  `{"chain":{"family":"${family}","table":"${table}","name":"${name}","handle":1${more}}}`
const rule = (family: string, table: string, name: string, expr: string): string =>
  `{"rule":{"family":"${family}","table":"${table}","chain":"${name}","handle":2,"expr":[${expr}]}}`
const port4789 = '{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":4789}}'

describe('a firewall that drops VXLAN where it arrives', function () {
  this.timeout(60_000)
  const first = async (...changes: readonly ChangeKernel[]): Promise<Finding | undefined> =>
    (await atInput(...changes)).find(({ code }) => code === 'host-firewall-drops')
  const setOfNodes = '-p udp -m udp --dport 4789 -m set ! --match-set swarm-nodes src -j DROP'

  it('is said to do so only where it is known that its rule meets VXLAN', async () => {
    const certain = await first(rising('filter', 'INPUT', '-p udp -m udp --dport 4789 -j DROP'))
    expect(certain?.title).to.contain("worker2's own firewall drops it: iptables -t filter -A INPUT")
    const doubtful = await first(rising('filter', 'INPUT', setOfNodes, 900))
    expect(doubtful?.title).to.contain("worker2's own firewall may drop it: iptables -t filter -A INPUT")
    expect(doubtful?.remedy[0]).to.contain('`ipset test swarm-nodes ADDRESS-OF-PEER`')
  })

  it('may do so where a rule before it, by a set of senders, may accept VXLAN', async () => {
    const trusted = rising('filter', 'INPUT', '-m set --match-set trusted src -j ACCEPT', 9000)
    for (const drop of [appended('filter', 'INPUT', '-j DROP'), policy('filter', 'INPUT')]) {
      expect((await first(drop))?.title).to.contain("worker2's own firewall drops it")
      expect((await first(drop, trusted))?.title).to.contain("worker2's own firewall may drop it")
    }
  })

  it('may do so by a program that it hands packets to', async () => {
    const found = await first(rising('filter', 'INPUT', '-j NFQUEUE --queue-num 0'))
    expect(found?.title).to.contain("worker2's own firewall may drop it")
  })

  it('does so by a policy, whatever it accepts from ports that VXLAN is not sent from', async () => {
    const found = await first(
      policy('filter', 'INPUT'),
      rising('filter', 'INPUT', '-p udp -m udp --sport 53 -j ACCEPT'),
    )
    expect(found?.title).to.contain('drops it: iptables -t filter -P INPUT DROP, 521 packets meanwhile')
  })

  it('does so by a policy where what accepts new connections gets none that is tracked', async () => {
    const accepts = rising(
      'filter',
      'INPUT',
      '-p udp -m udp --dport 4789 -m conntrack --ctstate NEW -j ACCEPT',
    )
    expect(await first(policy('filter', 'INPUT'), accepts)).to.deep.include({
      explains: ['OVL-03', 'MTU-02'],
    })
    for (const target of ['NOTRACK', 'CT --notrack']) {
      const untracked = rising('raw', 'PREROUTING', `-p udp -m udp --dport 4789 -j ${target}`)
      const found = await first(policy('filter', 'INPUT'), accepts, untracked)
      expect(found?.title).to.match(/^VXLAN .* drops it: iptables -t filter -P INPUT DROP/)
    }
    const early = ',"type":"filter","hook":"prerouting","prio":-300,"policy":"accept"'
    const own = [
      chain('inet', 'own', 'early', early),
      rule('inet', 'own', 'early', `${port4789},{"notrack":null}`),
    ]
    expect((await first(policy('filter', 'INPUT'), accepts, ruled(own.join())))?.title).to.match(
      /^VXLAN .* drops it/,
    )
    const all = rising('filter', 'INPUT', '-m conntrack --ctstate NEW,UNTRACKED -j ACCEPT')
    const untracked = rising('raw', 'PREROUTING', '-p udp -m udp --dport 4789 -j NOTRACK')
    expect(await first(policy('filter', 'INPUT'), all, untracked)).to.equal(undefined)
  })

  it('does not where its rule spares the range of addresses that the nodes have', async () => {
    const range = (addresses: string): ChangeKernel =>
      rising('filter', 'INPUT', `-p udp -m udp --dport 4789 -m iprange ! --src-range ${addresses} -j DROP`)
    expect(await first(range('192.168.56.11-192.168.56.13'))).to.equal(undefined)
    expect((await first(range('192.168.56.20-192.168.56.30')))?.title).to.contain('drops it')
  })

  it('is told by the rule that it surely is, and by no more than three that it may be', async () => {
    const found = await first(
      ...['a', 'b', 'c', 'd', 'e'].map((name) =>
        rising('filter', 'INPUT', `-p udp -m udp --dport 4789 -m set --match-set ${name} src -j DROP`, 9000),
      ),
      appended('filter', 'INPUT', '-p udp -m udp --dport 4789 -j DROP'),
    )
    expect(found?.proof[0]).to.equal(
      'worker2: iptables -t filter -A INPUT -p udp -m udp --dport 4789 -j DROP: 521 packets while the requirements were verified',
    )
    expect(found?.proof.slice(1)).to.have.lengthOf(3)
    for (const line of found?.proof.slice(1) ?? [])
      expect(line).to.match(/^worker2: may drop some of it as well: /)
  })

  it('is told by the rule that leads to a chain which drops all', async () => {
    const found = await first(
      rising('filter', 'LOGDROP', '-j DROP', 9000),
      rising('filter', 'INPUT', '-p udp -m udp --dport 4789 -j LOGDROP'),
    )
    expect(found?.title).to.contain(
      'iptables -t filter -A INPUT -p udp -m udp --dport 4789 -j LOGDROP (there: LOGDROP -j DROP), 521 packets meanwhile',
    )
    expect(found?.remedy[0]).to.contain('`iptables -t filter -D INPUT -p udp -m udp --dport 4789 -j LOGDROP`')
  })

  for (const [family, device, seen] of [
    ['netdev', 'eth1', true],
    ['netdev', 'eth0', false],
    ['inet', 'eth1', true],
  ] as const)
    it(`${seen ? 'does' : 'does not'} so by a chain of nftables at ${device}, before all others: ${family}`, async () => {
      const hook = `,"type":"filter","hook":"ingress","dev":"${device}","prio":0,"policy":"accept"`
      const drop = `${port4789},{"counter":{"packets":COUNT,"bytes":0}},{"drop":null}`
      const found = await first(
        ruled([chain(family, 'edge', 'in', hook), rule(family, 'edge', 'in', drop)].join()),
      )
      if (seen)
        expect(found?.title).to.contain(`drops it: nft ${family} edge in: udp dport 4789 drop, 521 packets`)
      else expect(found).to.equal(undefined)
    })
})

describe('what a rule counted', function () {
  this.timeout(30_000)
  const found = async (...changes: readonly ChangeKernel[]): Promise<Finding | undefined> =>
    (await atInput(...changes)).find(({ code }) => code === 'host-firewall-drops')
  const drops = '-p udp -m udp --dport 4789 -j DROP'
  /** What it counted until each of the two readings. */
  const counting =
    (before: number, after: number): ChangeKernel =>
    (state, node, reading) =>
      inserted(
        'worker2',
        'filter',
        'INPUT',
        drops,
        reading === 'kernel' ? before : after,
      )(state, node, reading)

  it('is all that it has where it began anew meanwhile, as after a reload', async () => {
    expect((await found(counting(9000, 9300)))?.title).to.contain(', 300 packets meanwhile')
    expect((await found(counting(9000, 300)))?.title).to.contain(', 300 packets meanwhile')
    expect(await found(counting(9000, 0))).to.equal(undefined)
  })

  it('stays what it was while a list of attackers grows, of which no more than the first is told', async () => {
    const hook = ',"type":"filter","hook":"input","prio":-10,"policy":"accept"'
    const listed = (attackers: number, count: number): string =>
      [
        chain('ip', 'crowdsec', 'in', hook),
        `{"set":{"family":"ip","table":"crowdsec","name":"bad","elem":[${['192.168.56.11', ...Array.from({ length: attackers }, (_, one) => `203.0.${one >> 8}.${one & 255}`)].map((one) => `"${one}"`).join()}]}}`,
        rule(
          'ip',
          'crowdsec',
          'in',
          `{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@bad"}},{"counter":{"packets":${count},"bytes":0}},{"drop":null}`,
        ),
      ].join()
    const growing =
      (after: number): ChangeKernel =>
      (state, node, reading) =>
        ruled(reading === 'kernel' ? listed(1999, 9000) : listed(2004, after))(state, node, reading)
    expect((await found(growing(9300)))?.title).to.match(
      /nft ip crowdsec in: ip saddr \{ 192\.168\.56\.11, 203\.0\.0\.0, .*, … 1999 more \} drop, 300 packets meanwhile$/,
    )
    expect(await found(growing(9000))).to.equal(undefined)
  })
})

describe('VXLAN that no rule is seen to drop', function () {
  this.timeout(30_000)
  const legacy: ChangeKernel = (state, node) => {
    if (node === 'worker2')
      state.firewallBackend = { ...state.firewallBackend, legacyTables: ['nat', 'filter'] }
  }

  it('may be dropped by the other iptables, where that has tables', async () => {
    const [found] = await atInput(legacy)
    expect(found).to.deep.include({ code: 'arrives-undelivered', nodes: ['worker2'] })
    expect(found?.title).to.match(/not delivered there; rules of iptables-legacy there were not read$/)
    expect(found?.remedy[0]).to.match(/^On worker2: `iptables-legacy-save -c .*its tables filter hold/)
    const [other] = await atInput()
    expect(other?.title).to.match(/not delivered there$/)
  })
})

describe('what lets VXLAN in', function () {
  this.timeout(60_000)
  const typed = async (...changes: readonly ChangeKernel[]): Promise<readonly string[]> => {
    const found = await atInput(...changes)
    return found.find(({ title }) => title.startsWith('VXLAN'))?.remedy ?? []
  }
  const accept = '-p udp --dport 4789 -s 192.168.56.0/24 -j ACCEPT'

  it('is a rule behind that of the engine which keeps clear text out of encrypted networks', async () => {
    expect((await typed(appended('filter', 'INPUT', '-j DROP')))[0]).to.contain(
      `\`iptables -t filter -I INPUT 2 ${accept}\``,
    )
    expect((await typed(policy('filter', 'INPUT')))[0]).to.contain(
      `\`iptables -t filter -A INPUT ${accept}\``,
    )
    const [before, then] = await typed(rising('filter', 'INPUT', '-j DROP'))
    expect(before).to.contain(`\`iptables -t filter -I INPUT 1 ${accept}\``)
    expect(then).to.match(
      /^Then put the engine's rule before it again.*`iptables -t filter -D INPUT .*4098.*; iptables -t filter -I INPUT .*4098/,
    )
  })

  it('is a command of ufw or firewalld where those keep the rules', async () => {
    const ufw = rising('filter', 'INPUT', '-j ufw-user-input')
    const port22 = rising('filter', 'ufw-user-input', '-p tcp -m tcp --dport 22 -j ACCEPT')
    expect((await typed(policy('filter', 'INPUT'), ufw, port22))[0]).to.contain(
      '`ufw allow proto udp from 192.168.56.0/24 to any port 4789`',
    )
    const hook = ',"type":"filter","hook":"input","prio":10,"policy":"accept"'
    const reject = '{"reject":{"type":"icmpx","expr":"admin-prohibited"}}'
    const firewalld = [
      chain('inet', 'firewalld', 'filter_INPUT', hook),
      rule('inet', 'firewalld', 'filter_INPUT', reject),
    ]
    expect((await typed(ruled(firewalld.join())))[0]).to.match(
      /`firewall-cmd --add-rich-rule='rule family="ipv4" source address="192\.168\.56\.0\/24" port port="4789" protocol="udp" accept'`/,
    )
  })

  it('is another port for Calico, whose agent writes its rules back, or the end of chains that it left', async () => {
    const drop = '-p udp -m multiport --dports 4789 -m addrtype --dst-type LOCAL -j DROP'
    const [first, then] = await typed(
      rising('filter', 'cali-INPUT', drop),
      rising('filter', 'INPUT', '-m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT', 900),
    )
    expect(first).to.match(
      /^On worker2: where Calico runs there, .*`kubectl patch felixconfiguration default/,
    )
    expect(then).to.contain(
      '`iptables -t filter -D INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT`',
    )
  })
})

describe('a firewall that drops what is forwarded', function () {
  this.timeout(60_000)
  const first = async (...changes: readonly ChangeKernel[]): Promise<Finding | undefined> =>
    (await atForward(...changes)).find(({ code }) => code === 'host-firewall-drops')

  it('may do so in the chain that the engine leaves to the operator', async () => {
    const found = await first(rising('filter', 'DOCKER-USER', '-i eth1 ! -s 10.0.0.0/8 -j DROP', 35))
    expect(found?.title).to.contain(
      'drops what the engine forwards to containers (the routing mesh): iptables -t filter -A DOCKER-USER -i eth1',
    )
    expect(found?.remedy[0]).to.match(/^On worker2: `iptables -t filter -D DOCKER-USER -i eth1 .*limit it/)
    expect(await first(rising('filter', 'DOCKER-USER', '-i eth0 -j DROP', 35))).to.equal(undefined)
  })

  it('may do so by a list of attackers there, which no task is on', async () => {
    const found = await first(rising('filter', 'DOCKER-USER', '-m set --match-set crowdsec src -j DROP', 35))
    expect(found?.title).to.contain('may drop what the engine forwards')
    expect(found?.explains).to.deep.equal(['ING-01'])
  })

  it('is opened by ufw where that keeps the chain for published ports closed', async () => {
    const syn = '--tcp-flags FIN,SYN,RST,ACK SYN'
    const found = await first(
      rising('filter', 'ufw-docker-logging-deny', '-j DROP', 35),
      rising('filter', 'DOCKER-USER', `-d 172.16.0.0/12 -p tcp -m tcp ${syn} -j ufw-docker-logging-deny`, 35),
    )
    expect(found?.title).to.contain('(there: ufw-docker-logging-deny -j DROP), 35 packets meanwhile')
    expect(found?.remedy[0]).to.match(/^On worker2: `ufw route allow proto tcp from any to any port PORT`/)
    expect(found?.remedy.join(' ')).to.not.contain('iptables -t filter -D')
  })

  it('does so by its policy where nothing of the engine accepts it any more', async () => {
    const lost = deleted(/^filter FORWARD -j DOCKER-INGRESS$/, 'worker2')
    const found = await first(policy('filter', 'FORWARD', 35), lost)
    expect(found?.title).to.contain('iptables -t filter -P FORWARD DROP, 35 packets meanwhile')
    expect(found?.remedy[0]).to.match(/^On worker2: `systemctl restart docker` writes the rules/)
    expect(await first(policy('filter', 'FORWARD', 35))).to.equal(undefined)
  })

  it('is opened for docker_gwbridge in a table of its own, not by rules of the engine’s', async () => {
    const hook = ',"type":"filter","hook":"forward","prio":0,"policy":"drop"'
    const found = await first(ruled(chain('inet', 'filter', 'forward', hook)))
    expect(found?.remedy[0]).to.contain(
      '`nft insert rule inet filter forward iifname docker_gwbridge accept; nft insert rule inet filter forward oifname docker_gwbridge accept`',
    )
  })
})
