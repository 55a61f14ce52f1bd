import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { unpacked } from '../../suites/stored/unpacked.fake.ts'
import { earlierRuns } from './earlier-runs.ts'
import { readRun } from './read-run.ts'

describe('runs that were stored before', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-earlier-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const keep = (id: string, name: string): void => {
    mkdirSync(join(folder, id))
    cpSync(join(unpacked(name), 'run.json'), join(folder, id, 'run.json'))
  }

  it('are read, the newest first, without what is no run', async () => {
    keep('20260101T000000Z-aaaa', 'forward-dropped')
    keep('20260301T000000Z-aaaa', 'packets-lost')
    mkdirSync(join(folder, '20260401T000000Z-aaaa'))
    writeFileSync(join(folder, '20260401T000000Z-aaaa', 'run.json'), '{ "schemaVersion": 3')
    mkdirSync(join(folder, '20260402T000000Z-aaaa'))
    keep('merged', 'packets-lost')
    symlinkSync('20260301T000000Z-aaaa', join(folder, 'latest'))
    const idOf = async (name: string): Promise<string> => (await readRun(unpacked(name))).runId
    expect((await earlierRuns(folder)).map(({ runId }) => runId)).to.deep.equal([
      await idOf('packets-lost'),
      await idOf('forward-dropped'),
    ])
  })

  it('are none where nothing was ever stored', async () => {
    expect(await earlierRuns(join(folder, 'nowhere'))).to.deep.equal([])
  })
})
