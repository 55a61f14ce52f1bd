import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../package-root.ts'
import { runSchemaPage } from './run-schema-page.ts'

describe('docs/run.schema.json', () => {
  it('is the schema run.json is read with; `npm run docs` writes it', () => {
    const written: unknown = JSON.parse(readFileSync(join(packageRoot(), 'docs', 'run.schema.json'), 'utf8'))
    expect(written).to.deep.equal(JSON.parse(runSchemaPage()))
  })
})
