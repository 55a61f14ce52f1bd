import { expect } from 'chai'
import { diagnose } from '../diagnosis/diagnosis.ts'
import {
  conformantRun,
  engineMatrixRun,
  harnessFailedRun,
  interruptedRun,
  judge,
  nonConformantRun,
} from './fixtures/example-runs.fake.ts'
import {
  annotationsOf,
  bounded,
  escapeData,
  escapeProperty,
  githubOutputs,
  outputLines,
  workflowCommand,
} from './github.ts'
import type { Annotation } from './github.ts'

const nowhere = (): undefined => undefined
const levels = (all: readonly Annotation[]): string[] => all.map(({ level, title }) => `${level}: ${title}`)

describe('annotations for GitHub', () => {
  it('say what failed with its cause, what could not be known, and that the report is partial', () => {
    const record = nonConformantRun()
    record.findings = diagnose(record)
    judge(record, 'ENC-10', 'fail', 'slow')
    const all = annotationsOf(record, ({ id }) => ({ file: `suites/${id}.ts`, line: 7 }))
    expect(levels(all)).to.deep.equal([
      'error: CTL-04 failed',
      'error: OVL-03 failed',
      'error: ING-02 failed',
      'warning: ENC-10 failed, advisory',
      'warning: VXL-02 inconclusive',
      'notice: The report is partial',
    ])
    expect(all[0]?.message).to.match(/none arrived[^]*Cause: UDP 4789 [^]*What to do: Allow UDP 4789/)
    expect(all[0]?.place).to.deep.equal({ file: 'suites/CTL-04.ts', line: 7 })
  })

  it('say nothing of a run that is conformant and whole', () => {
    const record = conformantRun()
    record.requirements = record.requirements.filter(({ verdict }) => verdict?.outcome === 'pass')
    expect(annotationsOf(record, nowhere)).to.deep.equal([])
  })

  it('name the lab where there are several, and why a run did not end', () => {
    expect(levels(annotationsOf(engineMatrixRun(), nowhere))).to.deep.equal([
      'error: ENC-01 (three-node@20.10) failed',
    ])
    expect(levels(annotationsOf(harnessFailedRun(), nowhere))).to.deep.equal([
      "error: The harness failed at 'Form swarm' on worker2",
    ])
    expect(levels(annotationsOf(interruptedRun(), nowhere))).to.deep.equal([
      'error: The run did not come to its end',
    ])
  })

  it('are at most ten of a level, and the tenth names the others', () => {
    const record = conformantRun()
    for (const { id } of record.requirements.slice(0, 25)) judge(record, id, 'fail', 'broken')
    const all = bounded(annotationsOf(record, nowhere))
    expect(all.filter(({ level }) => level === 'error')).to.have.lengthOf(10)
    const last = all.findLast(({ level }) => level === 'error')
    expect(last?.title).to.equal('16 more')
    expect(last?.message.split('\n')).to.have.lengthOf(16)
    for (const { id } of record.requirements.slice(10, 25)) judge(record, id, 'pass', 'well')
    expect(bounded(annotationsOf(record, nowhere)).filter(({ level }) => level === 'error')).to.have.lengthOf(
      10,
    )
  })

  it('are one command each, whatever was seen', () => {
    const command = workflowCommand({
      level: 'error',
      title: 'A: 100%, or\n::error::B',
      message: '50 % lost\r\n::set-output name=x::y\u001b[0m',
      place: { file: 'suites/a,b:c.ts', line: 3 },
    })
    expect(command).to.equal(
      '::error title=A%3A 100%25%2C or%0A%3A%3Aerror%3A%3AB,file=suites/a%2Cb%3Ac.ts,line=3::' +
        '50 %25 lost%0A::set-output name=x::y\\u001b[0m',
    )
    expect(escapeData('a:b,c%0A')).to.equal('a:b,c%250A')
    expect(escapeProperty('a:b,c')).to.equal('a%3Ab%2Cc')
    expect(workflowCommand({ level: 'notice', title: 't', message: 'x'.repeat(9000) }).length).to.be.below(
      2000,
    )
  })

  it('hold no secret', () => {
    const record = nonConformantRun()
    judge(record, 'CTL-04', 'fail', `joined with SWMTKN-1-${'a'.repeat(50)}-${'b'.repeat(25)}`)
    const text = annotationsOf(record, nowhere).map(workflowCommand).join('\n')
    expect(text).to.contain('SWMTKN-(redacted)').and.not.contain('aaaa')
  })
})

describe('outputs for GitHub', () => {
  it('tell not conformant from inconclusive', () => {
    const of = githubOutputs(nonConformantRun(), 'reports/x', 1)
    expect(of).to.include({
      outcome: 'not conformant',
      failed: '3',
      inconclusive: '1',
      skipped: '2',
      passed: '39',
    })
    expect(of).to.include({ 'exit-code': '1', report: 'reports/x/conformance.html', partial: 'true' })
    expect(githubOutputs(interruptedRun(), 'r', 2)).to.include({
      outcome: 'inconclusive',
      'not-reached': '27',
    })
  })

  it('cannot set another output', () => {
    expect(outputLines({ a: 'x\nb=y\r\nc', d: '' })).to.equal('a=x b=y c\nd=\n')
  })
})
