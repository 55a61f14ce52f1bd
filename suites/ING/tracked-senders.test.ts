import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { RequirementRecord } from '../../lib/conformance/run-record.ts'
import { findingsOf } from '../../lib/diagnosis/diagnosis.ts'
import { LabView } from '../../lib/diagnosis/lab-view.ts'
import { staleConntrack } from '../../lib/diagnosis/rules/stale-conntrack.ts'
import { readSections } from '../../lib/remote/sections.ts'
import { exampleLab } from '../../lib/report/fixtures/example-runs.fake.ts'
import { facts, judge, noIngress, outcomeOf } from './ing.fake.ts'
import { sendersFromBefore } from './ing-15-senders-from-before.ts'
import { heldSenders } from './tracked-senders.ts'

/** What kernels print of a sender: never answered and led to the host itself, or to the mesh, or answered. */
const table = (left: number): string =>
  [
    `ipv4     2 udp      17 ${left} src=192.168.56.11 dst=192.168.56.12 sport=45678 dport=31999 [UNREPLIED] src=192.168.56.12 dst=192.168.56.11 sport=31999 dport=45678 mark=0 zone=0 use=2`,
    `ipv4     2 udp      17 ${left} src=192.168.56.11 dst=192.168.56.12 sport=45679 dport=31999 packets=1 bytes=29 [UNREPLIED] src=192.168.56.12 dst=192.168.56.11 sport=31999 dport=45679 packets=0 bytes=0 mark=0 zone=0 use=2`,
    `ipv4     2 udp      17 ${left} src=192.0.2.7 dst=192.168.56.12 sport=514 dport=31999 [UNREPLIED] src=192.168.56.12 dst=192.0.2.7 sport=31999 dport=514 mark=0 zone=0 use=2`,
    `ipv4     2 udp      17 ${left} src=192.168.56.13 dst=192.168.56.12 sport=40000 dport=31999 [UNREPLIED] src=172.18.0.2 dst=192.168.56.13 sport=31999 dport=40000 mark=0 zone=0 use=2`,
    `ipv4     2 udp      17 ${left} src=192.168.56.13 dst=192.168.56.12 sport=40001 dport=31999 src=192.168.56.12 dst=192.168.56.13 sport=31999 dport=40001 mark=0 zone=0 use=2`,
    `ipv4     2 udp      17 ${left} src=192.168.56.13 dst=192.168.56.12 sport=40002 dport=4789 [UNREPLIED] src=192.168.56.12 dst=192.168.56.13 sport=4789 dport=40002 mark=0 zone=0 use=2`,
    `ipv4     2 tcp      6 ${left} SYN_SENT src=172.18.0.4 dst=192.168.56.12 sport=37228 dport=31999 [UNREPLIED] src=192.168.56.12 dst=172.18.0.4 sport=31999 dport=37228 mark=0 zone=0 use=2`,
  ].join('\n')

/** The program of the script, as a host runs it. */
const program = /awk -v ports="[^"]*" '([^']+)'/.exec(
  readFileSync(new URL('tracked-senders.sh', import.meta.url), 'utf8'),
)?.[1]

function look(left: number): string {
  const { stdout } = spawnSync('awk', ['-v', 'ports= 31999 514 ', program ?? ''], {
    input: table(left),
    encoding: 'utf8',
  })
  return stdout
}

const nodes = new Map([['192.168.56.11', 'manager']])
const held = (before: number, after: number, here = new Set(['192.168.56.12'])) =>
  heldSenders(readSections(`@ first\n${look(before)}@ second\n${look(after)}@ end`, '@'), { nodes, here })

describe('senders to a published UDP port', () => {
  it('are held where an entry that leads to the node itself was renewed; others than nodes are a number', () => {
    expect(look(29).trim().split('\n')).to.deep.equal([
      '29 192.168.56.11 45678 192.168.56.12 31999 192.168.56.12',
      '29 192.168.56.11 45679 192.168.56.12 31999 192.168.56.12',
      '29 192.0.2.7 514 192.168.56.12 31999 192.168.56.12',
    ])
    expect(held(29, 29)).to.deep.equal([{ port: 31999, senders: 3, nodes: ['manager'] }])
  })

  it('are not those that the host itself sends elsewhere', () => {
    expect(held(29, 29, new Set(['192.168.56.11']))).to.deep.equal([])
  })

  it('are not where nobody sends any more', () => {
    expect(held(29, 26)).to.deep.equal([])
    expect(held(29, 25)).to.deep.equal([])
  })
})

const part = (more: object) => ({ got: { ports: 1, held: [], ...more } })
const seen = (worker1: object = part({})) => ({
  senders: { manager: part({}), worker1, worker2: part({}) },
})
const one = part({ held: [{ port: 31999, senders: 2, nodes: ['manager'] }] })

describe('judging senders from before', () => {
  it('passes with none, fails with one, and is skipped where the table or ingress is not there', () => {
    expect(outcomeOf(judge(sendersFromBefore, seen()))).to.equal('pass')
    expect(outcomeOf(judge(sendersFromBefore, seen(one)))).to.equal('fail')
    expect(outcomeOf(judge(sendersFromBefore, seen({ got: 'untold' })))).to.equal('skip')
    expect(outcomeOf(judge(sendersFromBefore, { senders: {} }, noIngress))).to.equal('skip')
  })

  it('is explained by the entry, with what deletes it', () => {
    const { problems } = judge(sendersFromBefore, seen(one), facts)
    const records = [{ id: 'ING-15', lab: 'three-node', verdict: { outcome: 'fail', problems } }]
    const lab = exampleLab('three-node', '26.1.5')
    const view = new LabView(
      lab,
      0,
      records as unknown as RequirementRecord[],
      records as never,
      () => undefined,
    )
    const [finding] = findingsOf(view, [staleConntrack], lab)
    expect(finding?.title).to.equal(
      'What manager sends to UDP 31999 of worker1 is never answered: connection tracking there is older than the published port',
    )
    expect(finding?.remedy[0]).to.equal('On worker1: `conntrack -D -p udp --dport 31999` (package conntrack)')
    expect(finding?.explains).to.deep.equal(['ING-15'])
  })
})
