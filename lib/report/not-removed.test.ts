import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import { conformantRun } from './fixtures/example-runs.fake.ts'
import { annotationsOf } from './github.ts'
import { headlineOf } from './headline.ts'
import { renderHtml } from './html.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { mergeRuns } from './merge-runs.ts'
import { parseRun } from './read-run.ts'

describe('what a run could not remove', () => {
  const run = (): RunRecord => ({
    ...conformantRun(),
    leftovers: [{ host: 'web1', what: 'service swp-a1b2-web', remove: 'docker service rm k2v9' }],
  })

  it('is read back from a stored run, and one of before has none', () => {
    expect(parseRun(JSON.stringify(run()), 'run.json').leftovers).to.deep.equal(run().leftovers)
    expect(parseRun(JSON.stringify(conformantRun()), 'run.json').leftovers).to.equal(undefined)
  })

  it('is in the headline of every report', () => {
    expect(headlineOf(run()).because).to.contain('could be removed: 1 thing left on web1.')
    expect(headlineOf(conformantRun()).because).to.not.contain('removed')
  })

  for (const [name, render] of [
    ['JUnit', renderJunit],
    ['Markdown', renderMarkdown],
    ['HTML', renderHtml],
  ] as const) {
    it(`is in ${name} with its host and the command that removes it`, () => {
      const text = render(run())
      for (const words of ['web1', 'service swp-a1b2-web', 'docker service rm k2v9'])
        expect(text).to.contain(words)
    })
  }

  it('makes JUnit red', () => {
    const errors = (record: RunRecord): number =>
      Number(/<testsuites [^>]*errors="(\d+)"/.exec(renderJunit(record))?.[1])
    expect(errors(run())).to.equal(errors(conformantRun()) + 1)
  })

  it('is an error for GitHub', () => {
    const [first] = annotationsOf(run(), () => undefined)
    expect(first).to.include({ level: 'error', title: 'Not removed from web1: service swp-a1b2-web' })
  })

  it('is kept where runs are merged', () => {
    expect(mergeRuns([run()], 'merged').leftovers).to.deep.equal(run().leftovers)
    expect(mergeRuns([conformantRun()], 'merged')).to.not.have.property('leftovers')
  })
})
