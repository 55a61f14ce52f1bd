import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import { findTopology } from '../topology/find-topology.ts'
import { conformantRun, labOf } from './fixtures/example-runs.fake.ts'
import { renderHtml } from './html.ts'
import { impairedLabs } from './labs.ts'
import { renderMarkdown } from './markdown.ts'

/** The example as of a lab that is impaired. */
function impairedRun(): RunRecord {
  const record = conformantRun()
  return { ...record, labs: [{ ...labOf(record), topology: findTopology('impaired') }] }
}

describe('a run on a lab that is impaired on purpose', () => {
  const what = '10 ms of delay, 0.1 % lost, 100 Mbit/s'

  it('says so beside its verdict, on the page and in the summary', () => {
    const page = renderHtml(impairedRun())
    expect(page.replaceAll('&#39;', "'")).to.match(/<dt>Impaired on purpose<\/dt><dd>[^<]*10 ms of delay/)
    expect(renderMarkdown(impairedRun())).to.contain(`**Impaired on purpose:** underlay 'underlay': ${what}`)
  })

  it('is told from one that is not', () => {
    expect(impairedLabs(conformantRun())).to.equal('')
    expect(renderHtml(conformantRun())).not.to.contain('Impaired')
    expect(renderMarkdown(conformantRun())).not.to.contain('Impaired')
  })

  it('names the lab where there are several', () => {
    const [lab] = impairedRun().labs
    const [other] = conformantRun().labs
    const labs = [other, lab].flatMap((one) => (one === undefined ? [] : [one]))
    const two = labs.map((one, index) => ({ ...one, name: `lab-${index}` }))
    expect(impairedLabs({ ...impairedRun(), labs: two })).to.match(/^lab-1, underlay 'underlay': 10 ms/)
  })
})
