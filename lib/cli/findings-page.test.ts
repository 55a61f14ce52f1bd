import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { catalog } from '../diagnosis/catalog.ts'
import { reportName } from '../observation/catalog-entry.ts'
import { packageRoot } from '../package-root.ts'
import { findingsPage } from '../report/findings-page.ts'

describe('docs/findings.md', () => {
  it('is what the rules say; npm run docs writes it again', () => {
    const written = readFileSync(join(packageRoot(), 'docs', 'findings.md'), 'utf8')
    expect(written === findingsPage(catalog), 'fresh').to.equal(true)
  })

  it('has every finding with what it means, its remedy and its reports', () => {
    const page = findingsPage(catalog)
    for (const { code, meaning, remedy, reports } of catalog) {
      expect(page).to.include(`\n## ${code}\n`)
      for (const text of [meaning, ...remedy, ...reports.map(reportName)]) expect(page).to.include(text)
    }
  })
})
