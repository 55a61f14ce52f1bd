import { expect } from 'chai'
import { exampleMonth, nights } from '../fixtures/example-history.fake.ts'
import type { HistoryEntry } from './entry.ts'
import { renderHistory } from './page.ts'
import { median } from '../../median.ts'
import { barsOf, passSentence, slower, troubled } from './trend.ts'

const page = (entries: readonly HistoryEntry[], notes: readonly string[] = []): string =>
  renderHistory({ entries, notes }, { latestReport: 'latest/conformance.html' })

const words = (html: string): string =>
  html
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')

describe('history page', () => {
  it('asks the network for nothing, runs no script, links only to reports', () => {
    const html = page(exampleMonth())
    expect(html).not.to.match(/<script|@import|url\(|undefined|NaN|\[object Object\]/)
    expect(html).to.contain("default-src 'none'")
    for (const [, target = ''] of html.matchAll(/(?:href|src)="([^"]*)"/g)) {
      expect(target).to.match(
        /^(data:,|#series-\d|latest\/conformance\.html|https:\/\/example\.org\/runs\/night-\d+)$/,
      )
    }
    expect(html.length).to.be.below(150_000)
  })

  it('says first what is new, then what fails and what is flaky', () => {
    const text = words(page(exampleMonth()))
    expect(text).to.match(
      /Not conformant partial .* 2 failed .* New since yesterday ENC-01 Still failing ING-02/,
    )
    expect(text).to.contain('Flaky LB-02').and.contain('41 of 45 passed; between 12 and 43 in 30 runs')
    expect(text).to.contain('MTU-03 19.0 s, median of the runs before 4.0 s')
  })

  it('keeps kinds of runs apart, the newest first, and shows what was skipped', () => {
    const other = nights([{}, {}]).map((entry) => ({ ...entry, runId: `o${entry.runId}` }))
    const text = words(page([...other, ...exampleMonth()], ['h.jsonl, line 9: skipped, <cut> off']))
    const main = text.slice(text.indexOf('32 runs'))
    expect(main).to.match(/ nightly .* Not conformant .* swarmproof run three-node .* Conformant /)
    expect(text).to.contain('line 9: skipped, &lt;cut&gt; off')
  })

  it('can be made of no run and of one', () => {
    expect(words(page([]))).to.contain('No run yet.')
    expect(words(page(nights([{}])))).to.contain('nothing to compare it with')
  })

  it('lets a name or a link mean nothing', () => {
    const [entry] = nights([{ series: '<img src=x>' }])
    const html = page([{ ...(entry as HistoryEntry), link: 'javascript:alert(1)' }])
    expect(html).not.to.contain('<img').and.not.to.contain('javascript:')
  })
})

describe('trend', () => {
  it('shows a single failure among many verdicts', () => {
    const [bar] = barsOf(nights([{ verdicts: { 'ENC-01': 'fail' } }]))
    const [worst] = bar?.parts ?? []
    expect(worst).to.include({ outcome: 'fail', bottom: 0 })
    expect(worst?.height).to.be.above(3)
    const top = bar?.parts.at(-1)
    expect((top?.bottom ?? 0) + (top?.height ?? 0)).to.be.closeTo(100, 0.01)
  })

  it('lists what did not always pass, what is bad now first', () => {
    expect(troubled(exampleMonth()).map(({ id }) => id)).to.deep.equal([
      'ENC-01',
      'ING-02',
      'VXL-02',
      'MTU-02',
      'LB-02',
    ])
  })

  it('calls slower what takes much longer than the median of at least five runs', () => {
    const times = (...seconds: number[]): HistoryEntry[] =>
      nights(seconds.map((each) => ({ seconds: { 'MTU-03': each } })))
    expect(slower(times(4, 4, 4, 4, 4, 7)).map(({ id }) => id)).to.deep.equal(['MTU-03'])
    expect(slower(times(4, 4, 4, 4, 4, 5))).to.deep.equal([])
    expect(slower(times(4, 4, 4, 4, 7))).to.deep.equal([])
    expect(median([3, 1, 2])).to.equal(2)
    expect(median([1, 2, 3, 4])).to.equal(2.5)
    expect(passSentence(nights([{}]))).to.equal('✓ 43 of 45 passed')
  })
})
