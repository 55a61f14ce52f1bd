import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { observationReader } from '../lib/conformance/stored-files.ts'
import type { RequirementRecord, RunRecord } from '../lib/conformance/run-record.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import type { ClusterFacts, NodeFacts } from '../lib/observation/facts.ts'
import type { Finding } from '../lib/observation/finding.ts'
import type { Problem } from '../lib/observation/problem.ts'
import type { HostState } from '../lib/observe/host-state.ts'
import { parseRun } from '../lib/report/read-run.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { unpacked } from './stored/unpacked.fake.ts'

/** worker2 left the swarm and joined again with the address of its management interface. */
const run = 'advertised-apart'

const record = (): RunRecord => parseRun(readFileSync(join(unpacked(run), 'run.json'), 'utf8'), 'run.json')

/** What the run is explained by where facts, kernels and what failed had been others. */
function findingsWhere(
  change: (node: Changeable<NodeFacts>) => void = () => {},
  more: readonly RequirementRecord[] = [],
  changeKernels: (states: Record<string, Changeable<HostState> | undefined>) => void = () => {},
): Finding[] {
  const stored = record()
  const read = observationReader(unpacked(run), stored)
  const others = stored.requirements.filter(({ id }) => !more.some((one) => one.id === id))
  return diagnose({ ...stored, requirements: [...others, ...more] }, (lab, file) => {
    const seen = structuredClone(read(lab, file))
    if (file.startsWith('facts#')) (seen as Changeable<ClusterFacts>).nodes.forEach(change)
    if (file.startsWith('kernel'))
      changeKernels((seen as { seen: Record<string, Changeable<HostState>> }).seen)
    return seen
  })
}

const rightAddress = (node: Changeable<NodeFacts>): void => {
  node.advertised = node.advertise.address
}

const failed = (): string[] =>
  record()
    .requirements.filter(({ verdict }) => verdict?.outcome === 'fail')
    .map(({ id }) => id)

describe('a node that advertises its address of another network', () => {
  it('is the one cause of all that failed, also where managers list it by the right address', () => {
    const found = findingsWhere()
    expect(found.map(({ code, severity, nodes }) => [code, severity, nodes])).to.deep.equal([
      ['advertise-addresses-of-two-kinds', 'cause', ['worker2']],
    ])
    expect(found[0]?.title).to.equal(
      'worker2 advertises 172.31.250.15 (eth0), the others addresses of 192.168.56.0/24, where worker2 has 192.168.56.13 (eth1)',
    )
    expect([...(found[0]?.explains ?? [])].sort()).to.deep.equal(failed().sort())
  })

  it('is told of a manager as well', () => {
    const apart = findingsWhere((node) => {
      if (node.name === 'manager') node.advertised = '172.31.250.15'
      if (node.name === 'worker2') node.advertised = '192.168.56.13'
    })
    expect(apart.map(({ code }) => code)).to.include('advertise-addresses-of-two-kinds')
    expect(apart.find(({ code }) => code === 'advertise-addresses-of-two-kinds')?.nodes).to.deep.equal([
      'manager',
    ])
  })

  it('is advice where gossip and data pass all the same', () => {
    const sound = (id: string): RequirementRecord =>
      ({
        ...(record().requirements.find((one) => one.id === id) as RequirementRecord),
        verdict: { outcome: 'pass', problems: [] },
      }) as unknown as RequirementRecord
    const found = findingsWhere(undefined, [sound('CTL-03'), sound('CTL-04')])
    const one = found.find(({ code }) => code === 'advertise-addresses-of-two-kinds')
    expect([one?.severity, one?.explains]).to.deep.equal(['advice', []])
  })

  it('is not told where all advertise addresses of one network, and what follows from silence is no cause of its own', () => {
    const found = findingsWhere(rightAddress)
    expect(found.map(({ code, nodes }) => [code, nodes])).to.deep.equal([['gossip-udp-blocked', ['worker2']]])
    expect(found[0]?.explains).to.include.members(['CTL-03', 'DSC-02', 'LB-02', 'ING-01'])
  })
})

/** The same node with the right address: then what cuts it off is a filter on 7946 between the hosts. */
describe('a node that is cut off from gossip', () => {
  const peers = ['manager', 'worker1']
  const pairs = peers.flatMap((peer) => [
    { from: peer, to: 'worker2' },
    { from: 'worker2', to: peer },
  ])
  const reported = (id: string, problems: readonly Problem[]): RequirementRecord =>
    ({
      ...(record().requirements.find((one) => one.id === 'CTL-03') as RequirementRecord),
      id,
      verdict: { outcome: 'fail', problems },
    }) as unknown as RequirementRecord
  const refused = reported(
    'CTL-02',
    pairs.map((path) => ({
      ...{ code: 'connection-refused', kind: 'missed', path, port: 7946, observed: 'no answer within 2.0 s' },
    })),
  )
  const states = reported(
    'ENC-03',
    peers.map((subject) => ({
      ...{
        code: 'outbound-states-differ',
        kind: 'missed',
        node: 'worker2',
        subject,
        expected: 1,
        observed: 0,
      },
    })),
  )
  const codes = (found: readonly Finding[]): unknown[] =>
    found.map(({ code, severity, nodes }) => [code, severity, nodes])

  it('lacks IPsec states for it, and nobody deleted them', () => {
    const found = findingsWhere(rightAddress, [states])
    expect(codes(found)).to.deep.equal([['gossip-udp-blocked', 'cause', ['worker2']]])
    expect(found[0]?.explains).to.include('ENC-03')
  })

  it('lacks the rules of services it was not told of, also where one of its own is published', () => {
    const found = findingsWhere(rightAddress, [], (states) => {
      const [there, here] = [states['worker1'], states['worker2']]
      const [from, to] = [there?.namespaces['ingress_sbox'], here?.namespaces['ingress_sbox']]
      if (there === undefined || here === undefined || from === undefined || to === undefined)
        throw new Error('there is no ingress')
      const ofDual = ({ rule }: { rule: string }): boolean =>
        rule.includes('--dport 8081') || rule.includes('--dport 8082')
      here.root.firewall = [...here.root.firewall, ...there.root.firewall.filter(ofDual)]
      to.firewall = [...to.firewall, ...from.firewall.filter(ofDual)]
      to.ipvs = from.ipvs.slice(0, 1)
      to.settings = { ...to.settings, 'net.ipv4.vs.conntrack': '1' }
    })
    expect(codes(found)).to.deep.equal([['gossip-udp-blocked', 'cause', ['worker2']]])
    expect(found[0]?.explains).to.include('ING-01')
  })

  it('by both protocols is named as just that, and not by entries that are missing for it', () => {
    const found = findingsWhere(rightAddress, [refused])
    expect(codes(found)).to.deep.equal([['gossip-blocked', 'cause', ['worker2']]])
    expect(found[0]?.title).to.equal(
      '7946 (gossip), TCP and UDP, is blocked between hosts: to or from worker2',
    )
    expect([...(found[0]?.explains ?? [])].sort()).to.deep.equal(['CTL-02', ...failed()].sort())
  })
})
