import { expect } from 'chai'
import { conformantRun, judge } from '../report/fixtures/example-runs.fake.ts'
import { exampleFinding } from '../observation/finding.fake.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { findTopology } from '../topology/find-topology.ts'
import { style } from './terminal.ts'
import { summaryLines } from './verdict-lines.ts'

describe('the last lines of a run', () => {
  const plain = style({ isTTY: false })

  it('say what the lab impairs on purpose, and nothing where it impairs nothing', () => {
    const record = conformantRun()
    const [lab] = record.labs
    const labs = lab === undefined ? [] : [{ ...lab, topology: findTopology('impaired') }]
    expect(summaryLines({ ...record, labs }, plain, [])).to.contain(
      "\n  impaired  on purpose: underlay 'underlay': 10 ms of delay, 0.1 % lost, 100 Mbit/s;",
    )
    expect(summaryLines(record, plain, [])).not.to.contain('impaired')
  })

  const lineOf = (record: RunRecord, id: string): string | undefined =>
    summaryLines(record, plain, [])
      .split('\n')
      .find((line) => line.includes(id))

  it('tell a reason in one line, with the first of the list it announces', () => {
    const record = conformantRun()
    judge(record, 'CTL-04', 'fail', 'frames arrive, but:\n- worker2 got none of 6\n- worker1 got none of 6')
    expect(lineOf(record, 'CTL-04')).to.equal('  fail      CTL-04  frames arrive, but: worker2 got none of 6')
  })

  it('keep to the first line of a reason that announces nothing', () => {
    const record = conformantRun()
    judge(record, 'CTL-04', 'inconclusive', 'the engine gave up.\nIts log: …')
    expect(lineOf(record, 'CTL-04')).to.equal('  inconclusive  CTL-04  the engine gave up.')
  })

  it('begin with the cause, what to type, and what it explains, and leave that out below', () => {
    const record = conformantRun()
    judge(record, 'CTL-04', 'fail', 'lost')
    judge(record, 'OVL-03', 'fail', 'not delivered')
    judge(record, 'LB-01', 'fail', 'another thing')
    record.findings = [
      exampleFinding({ title: 'worker1 drops VXLAN', remedy: ['Allow it'], explains: ['CTL-04', 'OVL-03'] }),
    ]
    const lines = summaryLines(record, plain, []).split('\n')
    expect(lines.slice(1, 5).map((line) => line.trim())).to.deep.equal([
      lines[1]?.trim(),
      'cause     worker1 drops VXLAN',
      'Allow it',
      'explains CTL-04, OVL-03',
    ])
    record.findings = [exampleFinding({ code: 'esp-blocked', explains: ['CTL-07'] })]
    expect(summaryLines(record, plain, [])).to.contain(
      'explains CTL-07; more: swarmproof explain esp-blocked',
    )
    expect(lines.filter((line) => /CTL-04|OVL-03/.test(line))).to.have.lengthOf(1)
    expect(lineOf(record, 'LB-01')).to.equal('  fail      LB-01 (not explained by the above)  another thing')
  })

  it('say of what failed that it is advisory', () => {
    const record = conformantRun()
    const advisory = record.requirements.find((requirement) => requirement.advisory)
    judge(record, advisory?.id ?? '', 'fail', 'too large')
    expect(lineOf(record, advisory?.id ?? '')).to.match(
      /^ {2}fail {6}\S+ \(advisory, does not decide\) {2}too large$/,
    )
    expect(summaryLines(record, plain, [])).to.match(/^\nCONFORMANT/)
  })
})
