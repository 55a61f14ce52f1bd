import { expect } from 'chai'
import { withEngine } from '../topology/with-engine.ts'
import { conformantRun, exampleLab, judge } from './fixtures/example-runs.fake.ts'
import { renderMatrix } from './matrix.ts'
import { mergeRuns } from './merge-runs.ts'

describe('matrix of engines', () => {
  it('has a column for each engine, counts, and the reason of everything that did not pass', () => {
    const old = { ...conformantRun(), runId: 'old' }
    const lab = exampleLab('three-node', '20.10.24')
    old.labs = [{ ...lab, topology: withEngine(lab.topology, '20.10') }]
    judge(old, 'ENC-01', 'fail', 'VXLAN left | in clear\nfrom <worker1>')
    const text = renderMatrix(mergeRuns([old, conformantRun()], 'both')) ?? ''
    expect(text)
      .to.match(/^\| requirement \| three-node@20\.10 \(20\.10\.24\) \| three-node@26\.1 \([^)]+\) \|\n/)
      .and.contain('| ENC-01 | **fail** | pass |')
      .and.contain('| *failed* | 1 | 0 |')
      .and.contain('- ENC-01 (three-node@20.10), **fail**: VXLAN left \\| in clear from &lt;worker1>')
  })

  it('keeps names of requirements and labs from meaning anything', () => {
    const other = { ...conformantRun(), runId: 'other' }
    const merged = mergeRuns([other, conformantRun()], 'both')
    merged.labs = [...merged.labs, { ...exampleLab('x', '26.1.5'), name: '<img src=x>\n|x' }]
    merged.requirements = [
      ...merged.requirements,
      ...merged.requirements.map((one) => ({ ...one, id: '\u001b[2J<img src=y>', lab: '<img src=x>\n|x' })),
      ...merged.requirements.map((one) => ({ ...one, id: '\u001b[2J<img src=y>' })),
    ]
    const text = renderMatrix(merged) ?? ''
    expect(text).to.contain('| \\u001b[2J&lt;img src=y> |').and.contain('&lt;img src=x> \\|x')
    for (const mark of ['\u001b', '<img']) expect(text).to.not.contain(mark)
  })

  it('is none for a run that verified everything once', () => {
    expect(renderMatrix(conformantRun())).to.equal(undefined)
  })
})
