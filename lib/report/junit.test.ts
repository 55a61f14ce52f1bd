import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import {
  conformantRun,
  exampleRuns,
  harnessFailedRun,
  interruptedRun,
  judge,
  nonConformantRun,
  unreach,
} from './fixtures/example-runs.fake.ts'
import { renderJunit } from './junit.ts'
import { parseXml } from './xml.fake.ts'
import type { XmlElement } from './xml.fake.ts'

const junit = (record: RunRecord): XmlElement => parseXml(renderJunit(record))

const cases = (document: XmlElement): XmlElement[] => document.children.flatMap((suite) => suite.children)

function caseOf(document: XmlElement, start: string): XmlElement {
  const found = cases(document).filter((each) => each.attributes['name']?.startsWith(start))
  expect(found, start).to.have.lengthOf(1)
  return found[0] as XmlElement
}

/** Whether a consumer would call the file a failure. */
const red = (document: XmlElement): boolean =>
  document.attributes['failures'] !== '0' || document.attributes['errors'] !== '0'

describe('JUnit report', () => {
  for (const [name, make] of Object.entries(exampleRuns)) {
    it(`of a ${name} run counts what it holds`, () => {
      const document = junit(make())
      expect(document.name).to.equal('testsuites')
      for (const counted of [document, ...document.children]) {
        const inside = counted === document ? cases(document) : counted.children
        const having = (kind: string): number =>
          inside.filter((each) => each.children.some((child) => child.name === kind)).length
        expect(counted.attributes).to.include({
          tests: String(inside.length),
          failures: String(having('failure')),
          errors: String(having('error')),
          skipped: String(having('skipped')),
        })
      }
    })
  }

  it('is red exactly when the run is not conformant', () => {
    expect(red(junit(conformantRun()))).to.equal(false)
    for (const make of [nonConformantRun, interruptedRun, harnessFailedRun]) {
      expect(red(junit(make())), make.name).to.equal(true)
    }
    const bailed = conformantRun()
    unreach(bailed, 3)
    expect(red(junit(bailed))).to.equal(true)
    const killed = { ...conformantRun(), state: 'running' as const }
    expect(red(junit(killed))).to.equal(true)
    const empty = { ...conformantRun(), requirements: [] }
    expect(red(junit(empty))).to.equal(true)
  })

  it('gives each group a suite and each outcome its element', () => {
    const document = junit(nonConformantRun())
    expect(document.children.map((suite) => suite.attributes['name'])).to.include.members([
      'CTL',
      'OVL',
      'GWB',
    ])
    const failure = caseOf(document, 'CTL-04').children[0]
    expect(failure?.name).to.equal('failure')
    expect(failure?.attributes['message']).to.contain('none arrived at eth1 of worker2')
    expect(failure?.text).to.contain('What to do:').and.contain('214 packets in captures/example.pcap')
    expect(caseOf(document, 'VXL-02').children[0]?.name).to.equal('error')
    const skipped = caseOf(document, 'RES-04').children[0]
    expect(skipped?.name).to.equal('skipped')
    expect(skipped?.attributes['message']).to.contain('load-generator')
    expect(caseOf(document, 'CTL-01').children).to.deep.equal([])
    expect(caseOf(document, 'CTL-01').attributes['time']).to.equal('0.180')
  })

  it('does not turn red on advisory requirements', () => {
    const record = conformantRun()
    judge(record, 'ENC-10', 'fail', 'Throughput fell to 4 %.')
    expect(red(junit(record))).to.equal(false)
    expect(caseOf(junit(record), 'ENC-10').children[0]?.attributes['message']).to.equal(
      'advisory, does not decide: fail: Throughput fell to 4 %.',
    )
  })

  it('tells of a lab that could not be built: step, host, log', () => {
    const broken = caseOf(junit(harnessFailedRun()), 'harness / Form swarm')
    expect(broken.children[0]?.name).to.equal('error')
    expect(broken.children[0]?.attributes['message']).to.contain('worker2')
    expect(broken.children[0]?.text)
      .to.contain('expected: node Ready within 40 s')
      .and.contain('45 requirements not')
    expect(broken.children[1]?.name).to.equal('system-err')
    expect(broken.children[1]?.text).to.contain('Timeout was reached before node joined.')
  })

  it('is XML whatever the verdict says', () => {
    const record = nonConformantRun()
    const evil = `]]></failure>&<"'>\u0000\u0008\u000b\u001b\ufffe\ud800 end\r\nnext`
    judge(record, 'CTL-04', 'fail', evil)
    record.failures = [{ step: evil, host: evil, message: evil, log: [evil], logSource: evil }]
    const failure = caseOf(junit(record), 'CTL-04').children[0]
    expect(failure?.text).to.contain(`]]></failure>&<"'>`).and.contain('\\u0000').and.contain(' end\nnext')
    expect(failure?.attributes['message']).to.contain('end / next')
  })
})
