import { expect } from 'chai'
import type { Problem } from '../../observation/problem.ts'
import { changedOnTheWay, checksumOffload } from './inner-checksums.ts'
import { found, pairs } from './measures.fake.ts'

const rules = [checksumOffload, changedOnTheWay]
type Pair = (typeof pairs)[number]

const bad = (
  path: Pair,
  protocol: string,
  [observed, expected]: readonly [number, number],
  code: 'checksum-wrong' | 'checksum-unfinished' = 'checksum-wrong',
): Problem => ({
  ...{
    code,
    kind: 'seen',
    path,
    protocol,
    network: 'swp-clear',
    subject: 'inside VXLAN',
    expected,
    observed,
  },
})
const sentBy = (node: string): Pair[] => pairs.filter(({ from }) => from === node)
const titles = (problems: Readonly<Record<string, readonly Problem[]>>): string[] =>
  found(rules, { problems }).findings.map(({ title }) => title)

describe('wrong checksums inside VXLAN', () => {
  it('of all UDP and TCP of a node, but of no echoes, are the offload of its card', () => {
    for (const code of ['checksum-wrong', 'checksum-unfinished'] as const) {
      const problems = sentBy('worker1').flatMap((pair) => [
        bad(pair, 'UDP', [8, 8], code),
        bad(pair, 'TCP', [30, 30], code),
      ])
      const { findings } = found(rules, { problems: { 'VXL-10': problems } })
      expect(findings.map(({ title }) => title)).to.deep.equal([
        'TCP and UDP inside VXLAN leave worker1 with wrong checksums: offload of the network card',
      ])
      expect(findings[0]?.remedy[0]).to.equal('On worker1: `ethtool -K eth1 tx-checksum-ip-generic off`')
      expect(findings[0]).to.deep.include({ nodes: ['worker1'], severity: 'cause' })
    }
  })

  it('explain what TCP and UDP miss at that node, not echoes, nor what other nodes miss', () => {
    const missed = (path: Pair, protocol: string): Problem => ({
      ...{ code: 'not-delivered', kind: 'missed', path, protocol },
    })
    const { left } = found(rules, {
      problems: {
        'VXL-10': sentBy('worker1').map((pair) => bad(pair, 'UDP', [8, 8])),
        'OVL-03': [
          missed({ from: 'manager', to: 'worker1' }, 'UDP'),
          missed({ from: 'manager', to: 'worker1' }, 'ICMP'),
          missed({ from: 'manager', to: 'worker2' }, 'TCP'),
        ],
        'CTL-02': [missed({ from: 'worker1', to: 'manager' }, 'TCP')],
      },
    })
    expect(left).to.deep.equal(['OVL-03 not-delivered', 'OVL-03 not-delivered', 'CTL-02 not-delivered'])
  })

  it('of some packets, or of echoes as well, are bits that change on the way', () => {
    const some = sentBy('worker2').map((pair) => bad(pair, 'UDP', [2, 30]))
    expect(titles({ 'VXL-10': some })).to.deep.equal([
      'Packets that worker2 sends are changed on the way: their checksums are wrong',
    ])
    const echoes = sentBy('worker2').flatMap((pair) => [bad(pair, 'UDP', [8, 8]), bad(pair, 'ICMP', [4, 4])])
    expect(titles({ 'VXL-10': echoes })).to.deep.equal([
      'Packets that worker2 sends are changed on the way: their checksums are wrong',
    ])
  })

  it('of TCP alone are advice, and a cause only where something is missed on the pair', () => {
    const some = [bad({ from: 'worker2', to: 'manager' }, 'TCP', [3, 40])]
    const severity = (missed: readonly Problem[]) =>
      found(rules, { problems: { 'VXL-10': some, 'OVL-03': missed } }).findings.map((one) => one.severity)
    expect(severity([])).to.deep.equal(['advice'])
    const lost = (path: Pair): Problem => ({ code: 'not-delivered', kind: 'missed', path, protocol: 'UDP' })
    expect(severity([lost({ from: 'manager', to: 'worker2' })])).to.deep.equal(['cause'])
    expect(severity([lost({ from: 'manager', to: 'worker1' })])).to.deep.equal(['advice'])
  })

  it('are nothing where none was reported', () => {
    expect(titles({ 'OVL-03': [{ code: 'not-delivered', kind: 'missed', protocol: 'TCP' }] })).to.deep.equal(
      [],
    )
  })
})
