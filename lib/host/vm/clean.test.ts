import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { summary } from '../../cli/clean.ts'
import { ownIdentity } from '../../setup/process-identity.ts'
import { reasonToLeave } from '../clean.ts'
import { clean } from './clean.ts'
import { labDirectory, labFormat, labIds, labRecord } from './lab-directory.ts'
import type { LabState } from './lab-directory.ts'
import { socketDirectory } from './socket-directory.ts'

const lab = (id: string, changes: Partial<LabState> = {}): LabState => ({
  format: labFormat,
  id,
  createdAt: '2026-01-01T00:00:00.000Z',
  kept: false,
  owner: { pid: 1, started: 'another boot:1' },
  sockets: join(labDirectory(id), 's'),
  uses: [],
  topology: { name: 'three-node' } as LabState['topology'],
  machines: [],
  startedFrom: 'template',
  facts: {},
  ...changes,
})

describe('clean', () => {
  const former = { state: process.env['SWARMPROOF_STATE'], cache: process.env['SWARMPROOF_CACHE'] }
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))
    process.env['SWARMPROOF_STATE'] = join(folder, 'state')
    process.env['SWARMPROOF_CACHE'] = join(folder, 'cache')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
    restore('SWARMPROOF_STATE', former.state)
    restore('SWARMPROOF_CACHE', former.cache)
  })

  const put = (state: LabState): void => {
    mkdirSync(labDirectory(state.id), { recursive: true })
    writeFileSync(join(labDirectory(state.id), 'lab.json'), JSON.stringify(state))
  }

  it('knows whose a lab is', () => {
    expect(labRecord(lab('a')).state).to.equal('orphaned')
    expect(labRecord(lab('a', { owner: ownIdentity() })).state).to.equal('owned')
    expect(labRecord(lab('a', { kept: true })).state).to.equal('kept')
  })

  it('leaves what is kept, owned or just being made', () => {
    const decide = (state: Parameters<typeof reasonToLeave>[0]['state'], ageMs = 1e9, all = false): boolean =>
      reasonToLeave({ id: 'a', state, ageMs }, all) === undefined
    expect(decide('orphaned')).to.equal(true)
    expect(decide('kept')).to.equal(false)
    expect(decide('owned')).to.equal(false)
    expect(decide('unreadable')).to.equal(true)
    expect(decide('unreadable', 100)).to.equal(false)
    for (const state of ['kept', 'owned', 'unreadable'] as const)
      expect(decide(state, 0, true)).to.equal(true)
  })

  it('removes orphaned and unreadable labs and unfinished builds, and says so', async () => {
    put(lab('gone'))
    put(lab('stays', { kept: true }))
    mkdirSync(labDirectory('torn'))
    utimesSync(labDirectory('torn'), 1, 1)
    mkdirSync(join(folder, 'cache/templates/abc.building'), { recursive: true })
    mkdirSync(join(folder, 'cache/templates/def.building'))
    writeFileSync(join(folder, 'cache/templates/def.lock'), JSON.stringify(ownIdentity()))
    const result = await clean({ all: false, cache: false })
    expect(result.removed.map(({ name }) => name.split('/').at(-1))).to.deep.equal([
      'gone',
      'torn',
      'abc.building',
    ])
    expect(result.left.map(({ name }) => name.split('/').at(-1))).to.deep.equal(['stays', 'def.building'])
    expect(await labIds()).to.deep.equal(['stays'])
    expect(summary(result)).to.include('removed lab gone').and.include('left stays: it was kept')
  })

  it('removes the cache only when no run needs it', async () => {
    mkdirSync(join(folder, 'cache/images/x'), { recursive: true })
    put(lab('busy', { owner: ownIdentity() }))
    expect((await clean({ all: false, cache: true })).removed).to.deep.equal([])
    const result = await clean({ all: true, cache: true })
    expect(result.removed.map(({ kind }) => kind)).to.deep.equal(['lab', 'cache'])
  })
})

describe('socket directory', () => {
  it('is the wanted one, or a short private one where the name would be too long', () => {
    expect(socketDirectory('/state/labs/a/s', 'x')).to.equal('/state/labs/a/s')
    const long = socketDirectory(`/${'long/'.repeat(20)}s`, 'abc')
    expect(long).to.match(/swarmproof-\d+-abc$/)
    expect(long.length).to.be.lessThan(58)
  })
})

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
