import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../error.ts'
import { conformantRun } from '../report/fixtures/example-runs.fake.ts'
import { mergeRuns } from '../report/merge-runs.ts'
import { readRun } from '../report/read-run.ts'
import { copyRun } from '../report/relocate.ts'
import { writeReports } from '../report/report.ts'
import { CollectedEvidence } from './evidence.ts'
import { RunStore } from './run-store.ts'
import { exampleVerdict } from './verdict.fake.ts'

describe('the folder of a run', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-store-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('keeps a run that can be read when a host said a line of a key', async () => {
    const record = structuredClone(conformantRun())
    const store = new RunStore(folder, record)
    const [requirement] = record.requirements
    const reason = 'worker1 said: -----BEGIN PRIVATE KEY-----'
    if (requirement !== undefined) requirement.verdict = exampleVerdict('fail', reason)
    store.save()
    const read = await readRun(store.folder)
    expect(read.requirements).to.have.lengthOf(record.requirements.length)
    expect(read.requirements[0]?.verdict?.reason).to.equal('worker1 said: (redacted private key)')
    expect(store.unwritten).to.deep.equal([])
  })

  it('keeps a log whose lines are JSON, and state of hosts that is', () => {
    const store = new RunStore(folder, conformantRun())
    store.log.info({ note: '-----BEGIN PRIVATE KEY-----' })
    store.log.info({ note: 'after', token: 'x' })
    store.writeJson('hosts/worker1/state.json', { lines: ['-----BEGIN PRIVATE KEY-----'], after: 1 })
    const lines = readFileSync(join(store.folder, 'log.ndjson'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).to.have.lengthOf(2)
    expect(lines.join()).to.contain('(redacted private key)').and.to.contain('"token":"(redacted)"')
    expect(JSON.parse(readFileSync(join(store.folder, 'hosts/worker1/state.json'), 'utf8'))).to.deep.equal({
      lines: ['(redacted private key)'],
      after: 1,
    })
  })

  it('does not throw when it can no longer be written: it says so once, and tells what is missing', () => {
    const told: string[] = []
    const record = conformantRun()
    const store = new RunStore(folder, record, (text) => told.push(text))
    const before = readFileSync(join(store.folder, 'run.json'), 'utf8')
    // Root may write anywhere, but not into what is no folder.
    for (const name of ['.run.json.partial', 'log.ndjson']) mkdirSync(join(store.folder, name))
    writeFileSync(join(store.folder, 'hosts'), '')
    record.state = 'interrupted'
    for (let time = 0; time < 2; time += 1) {
      store.save()
      store.log.error('no room')
      store.write('hosts/worker1/docker.txt', 'text')
      store.writeJson('hosts/worker1/state.json', {})
    }
    const names = ['run.json', 'log.ndjson', 'hosts/worker1/docker.txt', 'hosts/worker1/state.json']
    expect(store.unwritten).to.deep.equal(names)
    expect(told.map((text) => text.slice(store.folder.length + 1, text.indexOf(' cannot')))).to.deep.equal(
      names,
    )
    expect(readFileSync(join(store.folder, 'run.json'), 'utf8')).to.equal(before)
    rmSync(join(store.folder, '.run.json.partial'), { recursive: true })
    store.save()
    expect(store.unwritten).to.not.include('run.json')
    expect(readFileSync(join(store.folder, 'run.json'), 'utf8')).to.contain('interrupted')
  })

  it('is refused as input where it cannot be made', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => new RunStore(join(folder, 'file'), conformantRun())).to.throw(InputError, /--report-dir/)
  })

  it('is its owner’s alone, with all that reports and merging put into it', async function () {
    this.timeout(60_000)
    const umask = process.umask(0o022)
    try {
      const record = conformantRun()
      const store = new RunStore(join(folder, 'reports'), record)
      store.log.info('a line')
      store.write('hosts/worker1/docker.txt', 'text')
      store.writeJson('hosts/worker1/state.json', {})
      new CollectedEvidence(store.folder, 'ENC-01').packets('seen', [])
      mkdirSync(join(store.folder, 'allure-results'))
      writeFileSync(join(store.folder, 'allure-results', 'x-result.json'), '{}')
      await writeReports(store.folder)
      const merged = mergeRuns([record], 'merged')
      const mergedStore = new RunStore(join(folder, 'reports'), merged)
      await copyRun(store.folder, record.runId, mergedStore.folder)
      await writeReports(mergedStore.folder, { programs: { java: '/nowhere' } })
      const seen = modes(join(folder, 'reports'))
      expect(seen.filter(([path]) => path.endsWith('.pcap'))).to.have.lengthOf(2)
      expect(seen.length).to.be.above(15)
      expect(seen.filter(([, mode]) => (mode & 0o077) !== 0)).to.deep.equal([])
      expect(existsSync(join(mergedStore.folder, 'runs', record.runId, 'run.json'))).to.equal(true)
    } finally {
      process.umask(umask)
    }
  })
})

function modes(folder: string): [string, number][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .concat(folder)
    .map((path) => [path, statSync(path).mode & 0o777])
}
