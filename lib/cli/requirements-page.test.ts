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

  it('says ranges of engines in words', () => {
    expect([
      range('23.0', undefined),
      range(undefined, '23.0'),
      range('20.10', '23.0'),
      range(undefined, undefined),
    ]).to.deep.equal(['from 23.0', 'before 23.0', 'from 20.10 to before 23.0', 'of every version'])
  })
})
