import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import { conformantRun, labOf } from './fixtures/example-runs.fake.ts'
import { renderHtml } from './html.ts'
import { slowedLabs } from './labs.ts'
import { renderMarkdown } from './markdown.ts'

/** The example as of hosts that were starved twice. */
function slowedRun(): RunRecord {
  const record = conformantRun()
  const host = (node: string) => ({ node, load: 4, processors: 1, answeredMs: 2000, bestMs: 200 })
  const wait = { startedAt: '2026-11-28T15:30:00.000Z', durationMs: 42_000, calm: true }
  const waits = [
    { ...wait, hosts: [host('worker1')] },
    { ...wait, hosts: [host('worker1'), host('worker2')] },
  ]
  return { ...record, labs: [{ ...labOf(record), slowedDown: { waitedMs: 84_000, waits } }] }
}

describe('a run that was slowed down', () => {
  const what = 'slowed down 84 s because hosts were starved: worker1, worker2'

  it('says so beside its verdict, on the page and in the summary', () => {
    expect(renderHtml(slowedRun())).to.contain(`<dt>Starved hosts</dt><dd>${what}`)
    expect(renderMarkdown(slowedRun())).to.contain(`**Starved hosts:** ${what}`)
  })

  it('is told from one that was not, and names the lab where there are several', () => {
    expect(slowedLabs(conformantRun())).to.equal('')
    expect(renderHtml(conformantRun())).not.to.contain('Starved')
    const [lab] = slowedRun().labs
    const labs = [conformantRun().labs[0], lab].flatMap((one) => one ?? [])
    const named = labs.map((one, index) => ({ ...one, name: `lab-${index}` }))
    expect(slowedLabs({ ...slowedRun(), labs: named })).to.equal(`lab-1, ${what}`)
  })
})
