import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../lib/package-root.ts'
import { suites } from './index.ts'

const requirementIds = suites.flatMap(({ tests }) => tests.map(({ id }) => id))
const page = readFileSync(join(packageRoot(), 'docs', 'sources.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| *(-|section)/.test(line))
  .map((line) => {
    const [, , statement = '', verified = ''] = line.split('|').map((cell) => cell.trim())
    return { statement, verified }
  })
const explained = [...page.matchAll(/^- (S\d+)\. /gm)].map(([, number]) => number ?? '')

describe('docs/sources.md', () => {
  it('names what verifies each statement of the documents', () => {
    expect(rows).to.have.lengthOf.above(90)
    for (const { statement, verified } of rows)
      expect(verified, statement).to.match(/\b[A-Z]{2,3}-\d\d\b|\bS\d+\b/)
  })

  it('names only requirements there are', () => {
    for (const [id] of page.matchAll(/\b[A-Z]{2,3}-\d\d\b/g)) expect(requirementIds).to.include(id)
  })

  it('explains every statement that is not as it is said, and leaves none unmentioned', () => {
    const mentioned = rows.flatMap(({ verified }) => verified.match(/\bS\d+\b/g) ?? [])
    expect([...new Set(mentioned)].sort()).to.deep.equal([...explained].sort())
    expect(new Set(explained).size).to.equal(explained.length)
  })
})
