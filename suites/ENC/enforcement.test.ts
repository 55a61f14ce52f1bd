import { expect } from 'chai'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { aboutVxlan, enforcement } from './enforcement.ts'
import { parseFirewall } from '../../lib/observe/firewall.ts'
import { parseNftables } from '../../lib/observe/nftables.ts'
import { recorded } from '../../lib/observe/recorded/recorded.fake.ts'
import { matchedVni } from '../../lib/observe/vni-match.ts'

const ofEngine = (engine: string) =>
  aboutVxlan({
    firewall: parseFirewall(recorded(engine, 'iptables-save.txt').split('\n')),
    nftables: parseNftables(recorded(engine, 'nft.json')),
  })
const bpf = (vni: number): string =>
  `-m bpf --bytecode "7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 ${vni},6 0 0 0,6 0 0 4294967295"`
const mark = (vni = 4101): string =>
  `-p udp -m udp --dport 4789 ${bpf(vni)} -j MARK --set-xmark 0xd0c4e3/0xffffffff`
const drop = (vni = 4101): string =>
  `-p udp -m policy --dir in --pol none -m udp --dport 4789 ${bpf(vni)} -j DROP`

function chain(table: string, name: string, ...rules: string[]): FirewallRule[] {
  return rules.map((rule, index) => ({
    table,
    chain: name,
    position: index + 1,
    rule,
    packets: 0,
    bytes: 0,
  }))
}

const problems = (...rules: FirewallRule[]): readonly string[] =>
  enforcement({ firewall: rules, nftables: [] }, { vni: 4101, dataPathPort: 4789 }, 'a').problems.map(
    describeProblem,
  )
const input = (...rules: string[]): readonly string[] =>
  problems(...chain('mangle', 'OUTPUT', mark()), ...chain('filter', 'INPUT', ...rules))

describe('VNI of a firewall rule', () => {
  it('is read from a BPF program', () => {
    expect(matchedVni(mark())).to.equal(4101)
  })

  it('is read from a u32 match', () => {
    expect(matchedVni('-p udp -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100500" -j DROP')).to.equal(4101)
  })

  it('is read from the BPF program of engines before 24, which compares it with the byte behind it', () => {
    // moby/moby#45635
    const program = '6,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 1 0 1048832,6 0 0 0,6 0 0 4294967295'
    expect(matchedVni(`-p udp -m udp --dport 4777 -m bpf --bytecode "${program}" -j DROP`)).to.equal(4097)
  })

  it('is none when the program accepts what is not equal', () => {
    expect(matchedVni('-m bpf --bytecode "3,21 0 1 4101,6 0 0 0,6 0 0 1" -j DROP')).to.equal(undefined)
    expect(matchedVni('-p udp --dport 4789 -j DROP')).to.equal(undefined)
  })
})

describe('enforcement of encryption', () => {
  it('is sound with the rules first', () => {
    expect(input(drop())).to.deep.equal([])
  })

  it('misses both rules, also when they are for another VNI', () => {
    expect(problems()).to.have.lengthOf(2)
    expect(
      problems(...chain('mangle', 'OUTPUT', mark(4999)), ...chain('filter', 'INPUT', drop(4999))),
    ).to.have.lengthOf(2)
  })

  it('is not effective behind an ACCEPT for the same traffic', () => {
    expect(input('-p udp -m udp --dport 4789 -j ACCEPT', drop())[0]).to.include('filter INPUT rule 1')
    expect(input('-p udp -m multiport --dports 53,4000:5000 -j ACCEPT', drop())).to.have.lengthOf(1)
    expect(input('-s 192.0.2.0/24 -j ACCEPT', drop())).to.have.lengthOf(1)
  })

  it('is effective behind what accepts answers alone, for VXLAN is never one', () => {
    expect(input('-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', drop())).to.deep.equal([])
    expect(input('-m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT', drop())).to.have.lengthOf(1)
    expect(input('-m conntrack --ctstate UNTRACKED -j ACCEPT', drop())).to.have.lengthOf(1)
    expect(input('-m conntrack ! --ctstate ESTABLISHED -j ACCEPT', drop())).to.have.lengthOf(1)
  })

  it('is not effective behind a chain that accepts', () => {
    const admin = chain('filter', 'admin', '-p tcp -j RETURN', '-p udp -j ACCEPT')
    const rules = [...chain('mangle', 'OUTPUT', mark()), ...chain('filter', 'INPUT', '-j admin', drop())]
    expect(problems(...rules, ...admin)[0]).to.include('"-j admin"')
    expect(problems(...rules, ...chain('filter', 'admin', '-j RETURN'))).to.deep.equal([])
  })

  it('is not effective behind a chain that packets leave by its end, gone to for good, or a program that may accept', () => {
    const rules = (...first: string[]) => [
      ...chain('mangle', 'OUTPUT', mark()),
      ...chain('filter', 'INPUT', ...first, drop()),
      ...chain('filter', 'admin', '-p tcp -j ACCEPT'),
      ...chain('filter', 'block', '-j DROP'),
    ]
    const admin = '-p udp -m udp --dport 4789 -g admin'
    expect(problems(...rules(admin))[0]).to.include(admin)
    expect(problems(...rules('-p udp -j NFQUEUE --queue-num 0 --queue-bypass'))).to.have.lengthOf(1)
    expect(problems(...rules('-s 192.0.2.0/24 -g block'))).to.deep.equal([])
    expect(problems(...rules('-p tcp -g admin', '-p tcp -j NFQUEUE --queue-num 0'))).to.deep.equal([])
  })

  it('is judged by the chains VXLAN passes and those they lead to, and by no others', () => {
    const rules = [
      ...chain('mangle', 'OUTPUT', mark()),
      ...chain('filter', 'INPUT', '-j admin', drop()),
      ...chain('filter', 'admin', '-p tcp -j RETURN', '-j more'),
      ...chain('filter', 'more', '-p udp -j ACCEPT'),
    ]
    const others = [
      ...chain('filter', 'FORWARD', '-j their-own'),
      ...chain('filter', 'their-own', '-s 192.0.2.7/32 -j ACCEPT'),
      ...chain('nat', 'admin', '-j MASQUERADE'),
    ]
    expect(aboutVxlan({ firewall: [...others, ...rules] }).firewall).to.deep.equal(rules)
    expect(problems(...aboutVxlan({ firewall: [...rules, ...others] }).firewall)).to.have.lengthOf(1)
  })

  it('is effective behind rules for other traffic, and in front of anything', () => {
    expect(
      input(
        '-p tcp -m tcp --dport 22 -j ACCEPT',
        '-i lo -j ACCEPT',
        '-p esp -j ACCEPT',
        '-p udp -m udp --dport 7946 -j ACCEPT',
        '-p udp -m policy --dir in --pol ipsec -m udp --dport 4789 -j ACCEPT',
        drop(4102),
        drop(),
        '-j ACCEPT',
      ),
    ).to.deep.equal([])
  })

  it('is sound on engine 29.7, whichever backend its firewall has', () => {
    for (const [engine, vni] of [
      ['engine-29.7-iptables', 4097],
      ['engine-29.7-nftables', 4102],
    ] as const) {
      const found = enforcement(ofEngine(engine), { vni, dataPathPort: 4789 }, 'a')
      expect(found.problems).to.deep.equal([])
      const missing = enforcement(ofEngine(engine), { vni: vni + 1, dataPathPort: 4789 }, 'a')
      expect(missing.problems.map(({ code }) => code)).to.deep.equal([
        'mark-rule-missing',
        'drop-rule-missing',
      ])
    }
    const { marking, dropping } = enforcement(
      ofEngine('engine-29.7-nftables'),
      { vni: 4102, dataPathPort: 4789 },
      'a',
    )
    expect(marking).to.deep.include({ table: 'ip docker-overlay', chain: 'enc-out', packets: 418 })
    expect(dropping).to.deep.include({ table: 'ip docker-overlay', chain: 'enc-in', packets: 0 })
  })

  it('is lacking in nftables without one of the rules, with a rule for one sender only, and behind one that accepts', () => {
    const whole = recorded('engine-29.7-nftables', 'nft.json')
    const codes = (text: string): string[] =>
      enforcement(
        { firewall: [], nftables: parseNftables(text) },
        { vni: 4102, dataPathPort: 4789 },
        'a',
      ).problems.map(({ code }) => code)
    const renamed = whole.replaceAll('docker-overlay', 'of-another-name').replaceAll('"enc-', '"some-')
    expect([codes(whole), codes(renamed)]).to.deep.equal([[], []])
    expect(codes(whole.replace('"value": 13681891', '"value": 7'))).to.deep.equal(['mark-rule-missing'])
    const drop = '{"drop": null}]}}, {"rule": {"family": "ip", "table": "docker-overlay"'
    expect(whole).to.include(drop)
    expect(codes(whole.replace(drop, drop.replace('drop', 'accept')))).to.deep.equal(['drop-rule-missing'])
    const ipsec = '{"match": {"op": "==", "left": {"meta": {"key": "ipsec"}}, "right": false}}'
    const sender =
      '{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.7"}}'
    expect(whole).to.include(ipsec)
    expect(codes(whole.replace(ipsec, `${ipsec}, ${sender}`))).to.deep.equal(['drop-rule-missing'])
    const first = '{"rule": {"family": "ip", "table": "docker-overlay", "chain": "enc-in"'
    const accepting = `${first}, "handle": 3, "expr": [${sender}, {"accept": null}]}}, `
    expect(codes(whole.replace(first, `${accepting}${first}`))).to.deep.equal(['enforcement-shadowed'])
    expect(codes(whole.replace(ipsec, ipsec.replace('false', 'true')))).to.deep.equal(['drop-rule-missing'])
  })
})
