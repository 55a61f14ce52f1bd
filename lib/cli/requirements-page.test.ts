import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { suites } from '../../suites/index.ts'
import { faults } from '../fault/fault-table.ts'
import { packageRoot } from '../package-root.ts'
import { range, requirementsPage } from '../report/requirements-page.ts'

describe('docs/requirements.md', () => {
  it('is what the literals say; npm run docs writes it again', () => {
    const written = readFileSync(join(packageRoot(), 'docs', 'requirements.md'), 'utf8')
    expect(written === requirementsPage(suites, faults), 'fresh').to.equal(true)
  })

  it('names every requirement and its source', () => {
    const page = requirementsPage(suites, [])
    for (const { id, source } of suites.flatMap(({ tests }) => tests)) {
      expect(page).to.include(`### ${id}\n`)
      expect(page).to.include(source[0]?.document ?? 'no source')
    }
  })

  it('lists each known issue once, with its engines and all requirements that it makes fail', () => {
    const [, rows = ''] = requirementsPage(suites, []).split('## Known issues of engines')
    const failing = suites
      .flatMap(({ tests }) => tests)
      .filter(({ knownIssues = [] }) => knownIssues.length > 0)
    for (const { id, knownIssues = [] } of failing)
      for (const { issue, what } of knownIssues) {
        const own = rows.split('\n').filter((row) => row.startsWith(`| ${issue} |`) && row.includes(what))
        expect(own, issue).to.have.lengthOf(1)
        expect(own[0]).to.match(new RegExp(`\\| [A-Z0-9, -]*${id}`))
      }
    expect(rows).to.contain('| from 29.0 to before 29.8 | DSC-01, DSC-02, RES-02 |')
    expect(rows).to.contain('| of every version, on labs with separate-data-path |')
  })

  it('says ranges of engines in words', () => {
    expect([
      range('23.0', undefined),
      range(undefined, '23.0'),
      range('20.10', '23.0'),
      range(undefined, undefined),
    ]).to.deep.equal(['from 23.0', 'before 23.0', 'from 20.10 to before 23.0', 'of every version'])
  })
})
