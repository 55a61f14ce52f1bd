import { expect } from 'chai'
import { diagnose } from '../diagnosis/diagnosis.ts'
import {
  conformantRun,
  harnessFailedRun,
  interruptedRun,
  judge,
  nonConformantRun,
} from './fixtures/example-runs.fake.ts'
import { exampleMonth } from './fixtures/example-history.fake.ts'
import { changesOf } from './history/changes.ts'
import { renderMarkdown } from './markdown.ts'

describe('Markdown summary', () => {
  it('says the verdict, the counts by group and the command', () => {
    const text = renderMarkdown(conformantRun())
    expect(text).to.match(/^## ✅ Conformant \(partial\)\n/)
    expect(text).to.contain('| | – skipped | ✓ passed |\n|---|--:|--:|\n| CTL |  | 7 |')
    expect(text).to.contain('| all | 2 | 43 |')
    expect(text).to.contain('To do it again: `swarmproof run three-node --fresh`')
  })

  it('gives failures with reason and remedy, and the diagnosis', () => {
    const record = nonConformantRun()
    expect(renderMarkdown(record)).to.match(/\*\*CTL-04\*\*[\s\S]*none arrived[\s\S]*- Allow UDP 4789/)
    record.findings = diagnose(record)
    expect(renderMarkdown(record))
      .to.contain('Where: `worker1 → worker2`.')
      .and.contain('moby/moby#33416')
      .and.contain('### Could not be known')
  })

  it('tells of a lab that could not be built and of a run that was interrupted', () => {
    expect(renderMarkdown(harnessFailedRun()))
      .to.contain('### The harness failed at `Form swarm` on `worker2`')
      .and.contain('Timeout was reached before node joined.')
    expect(renderMarkdown(interruptedRun())).to.contain('The run was interrupted')
  })

  it('begins with one table of what failed and why, for a phone', () => {
    const record = nonConformantRun()
    record.findings = diagnose(record)
    const [top = ''] = renderMarkdown(record, { exitCode: 1, link: 'https://example.org/run' }).split(
      '<details>',
    )
    expect(top).to.contain('| ❌ **CTL-04**, **OVL-03**, **ING-02** | **Cause:** UDP 4789')
    expect(top).to.contain('| ❔ **VXL-02** | The capture on worker2 was blind')
    expect(top).to.contain('| ✅ 39 passed |  |').and.contain('exit code 1: not conformant')
    expect(top).to.contain('[The whole report](https://example.org/run)')
    expect(top.match(/^\|---/gm)).to.have.lengthOf(1)
    expect(top.length).to.be.below(1500)
  })

  it('tells inconclusive from not conformant, and bounds the table', () => {
    expect(renderMarkdown(interruptedRun(), { exitCode: 2 })).to.match(
      /^## ❔ Inconclusive[^]*exit code 2: inconclusive; no requirement failed/,
    )
    const record = conformantRun()
    for (const { id } of record.requirements) judge(record, id, 'fail', 'word '.repeat(400))
    const [top = ''] = renderMarkdown(record).split('<details>')
    expect(top)
      .to.contain('| … | and 30 more |')
      .and.match(/word … \|/)
    expect(top.length).to.be.below(6000)
  })

  it('says what is new since the run before', () => {
    const month = exampleMonth()
    const changes = changesOf(month)
    const text = renderMarkdown(nonConformantRun(), changes === undefined ? {} : { changes })
    expect(text).to.contain('- **New since yesterday:** ENC-01\n- **Still failing:** ING-02')
    expect(renderMarkdown(nonConformantRun(), { link: 'javascript:alert(1)' })).not.to.contain('javascript')
  })

  it('shows a time that is none as text', () => {
    const text = renderMarkdown({ ...nonConformantRun(), startedAt: '\u001b]0;x <img src=x>' })
    expect(text).to.contain('0;x &lt;img src=x>').and.not.contain('\u001b')
  })

  it('keeps evidence from meaning anything', () => {
    const record = nonConformantRun()
    judge(record, 'CTL-04', 'fail', 'a | b <img src=x> **x** @team [l](http://x) #1\n# h \u001b `co|de`')
    record.failures = [{ step: 'a `b', message: 'x ``` y', log: ['````', '</details>'] }]
    const text = renderMarkdown(record)
    expect(text).to.contain('a \\| b &lt;img src=x> \\*\\*x\\*\\* @\u200bteam \\[l\\](http://x) \\#1 \\# h')
    expect(text).to.contain('`` a `b ``').and.contain('`````text\n````\n</details>')
    expect(text).not.to.contain('\u001b')
  })
})
