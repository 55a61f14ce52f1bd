/** Writes the pages that are generated: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '../lib/diagnosis/catalog.ts'
import { faults } from '../lib/fault/fault-table.ts'
import { packageRoot } from '../lib/package-root.ts'
import { findingsPage } from '../lib/report/findings-page.ts'
import { requirementsPage } from '../lib/report/requirements-page.ts'
import { runSchemaPage } from '../lib/report/run-schema-page.ts'
import { readRows, rowsFile } from '../suites/fault-rows.ts'
import { faultsPage } from '../suites/faults-page.ts'
import { goldenFolder } from '../suites/golden/golden-case.ts'
import { suites } from '../suites/index.ts'

writeFileSync(join(packageRoot(), 'docs', 'requirements.md'), requirementsPage(suites, faults))
writeFileSync(join(packageRoot(), 'docs', 'run.schema.json'), runSchemaPage())
writeFileSync(join(packageRoot(), 'docs', 'findings.md'), findingsPage(catalog))

const rows = readRows(readFileSync(join(goldenFolder, rowsFile), 'utf8'), rowsFile)
writeFileSync(join(packageRoot(), 'docs', 'faults.md'), faultsPage(faults, rows))
