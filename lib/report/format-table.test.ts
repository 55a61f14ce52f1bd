import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { reportCommand } from '../cli/report.ts'
import { conformantRun } from './fixtures/example-runs.fake.ts'
import { formats } from './format-table.ts'
import { filesToCopy } from './relocate.ts'

describe('the table of report formats', () => {
  it('gives every format an id, a name and files of its own', () => {
    for (const values of [
      formats.map(({ id }) => id),
      formats.map(({ name }) => name),
      formats.flatMap(({ writes }) => writes),
    ])
      expect(new Set(values).size).to.equal(values.length)
    for (const { writes, filledByRun } of formats) {
      expect(writes).to.not.deep.equal([])
      if (filledByRun !== undefined) expect(writes).to.include(filledByRun)
    }
  })

  it('is what the help names', () => {
    const help = reportCommand().helpInformation()
    for (const { name, writes, describe } of formats) {
      expect(help).to.contain(name).and.contain(writes[0]).and.contain(describe)
    }
  })

  describe('in a merged run', () => {
    let folder = ''
    beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'swarmproof-formats-'))))
    afterEach(() => rm(folder, { recursive: true }))

    it('leaves behind what every format wrote of a part, and takes what its run filled', async () => {
      await writeFile(join(folder, 'run.json'), JSON.stringify(conformantRun()))
      for (const name of formats.flatMap(({ writes }) => writes)) {
        await mkdir(join(folder, name))
        await writeFile(join(folder, name, 'file'), 'of before')
      }
      expect(await readdir(folder)).to.include('matrix.md')
      const copied = (await filesToCopy(folder)).map(({ name }) => name)
      expect(copied).to.have.members(['allure-results/file', 'run.json'])
    })
  })
})
