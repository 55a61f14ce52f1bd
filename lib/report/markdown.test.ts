import { expect } from 'chai'
import { diagnose } from '../diagnosis/diagnosis.ts'
import {
  conformantRun,
  harnessFailedRun,
  interruptedRun,
  judge,
  nonConformantRun,
} from './fixtures/example-runs.fake.ts'
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
      .and.contain('moby/moby#30972')
      .and.contain('### Could not be known')
  })

  it('tells of a lab that could not be built and of a run that was interrupted', () => {
    expect(renderMarkdown(harnessFailedRun()))
      .to.contain('### The harness failed at `Form swarm` on `worker2`')
      .and.contain('Timeout was reached before node joined.')
    expect(renderMarkdown(interruptedRun())).to.contain('The run was interrupted')
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
