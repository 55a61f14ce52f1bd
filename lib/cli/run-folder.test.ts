import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runFolder } from './run-folder.ts'

describe('the folder of a run', () => {
  let reports = ''
  before(() => {
    reports = mkdtempSync(join(tmpdir(), 'swp-reports-'))
    mkdirSync(join(reports, 'run-1'))
    for (const file of ['run-1/run.json', 'run-1/junit.xml', 'f.json'])
      writeFileSync(join(reports, file), '{}')
  })
  after(() => rmSync(reports, { recursive: true }))

  const refused = (name: string): Promise<string> =>
    runFolder(name, reports).then(
      () => 'nothing',
      (error: unknown) => (error as Error).message,
    )

  it('is named by its id, its path or its run.json', async () => {
    const folder = join(reports, 'run-1')
    for (const name of ['run-1', folder, join(folder, 'run.json'), 'run-1/run.json'])
      expect(await runFolder(name, reports), name).to.equal(folder)
  })

  it('is none where another file is named, and what to give is said', async () => {
    const lone = join(reports, 'f.json')
    expect(await refused(lone)).to.equal(
      `${lone} is a file, and not run.json of a run\n` +
        '  expected: the id of a run, its folder, or the run.json in it\n' +
        `  do next:  valid ids in ${reports}: run-1; a run that was copied from elsewhere needs its whole folder, with the name run.json kept`,
    )
    expect(await refused(join(reports, 'run-1', 'junit.xml'))).to.contain(
      `do next:  give the folder it is in: ${join(reports, 'run-1')}`,
    )
  })

  it('is named with the others where there is none of that name', async () => {
    expect(await refused('run-2')).to.equal(
      "unknown run 'run-2', did you mean run-1?\n  do next:  valid: run-1",
    )
  })
})
