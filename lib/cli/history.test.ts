import { mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Problem } from '../observation/problem.ts'
import type { Command } from 'commander'
import { InputError } from '../error.ts'
import { packageRoot } from '../package-root.ts'
import { nightRun } from '../report/fixtures/example-history.fake.ts'
import type { Night } from '../report/fixtures/example-history.fake.ts'
import { judge, nonConformantRun } from '../report/fixtures/example-runs.fake.ts'
import { historyCommand } from './history.ts'
import { reportCommand } from './report.ts'
import { requirementPlace, requirementPlaces } from './requirement-place.ts'
import { tellGithub } from './tell-github.ts'

let reports = ''
let printed = ''
const original = process.stdout.write.bind(process.stdout)

async function run(command: Command, ...words: string[]): Promise<string> {
  printed = ''
  process.stdout.write = (chunk: string | Uint8Array): boolean => {
    printed += String(chunk)
    return true
  }
  try {
    await command.parseAsync(words, { from: 'user' })
  } finally {
    process.stdout.write = original
  }
  return printed
}

async function store(night: number, how: Night = {}): Promise<string> {
  const record = nightRun(night, how)
  const folder = join(reports, record.runId)
  await mkdir(folder)
  await writeFile(join(folder, 'run.json'), JSON.stringify(record))
  await unlink(join(reports, 'latest')).catch(() => undefined)
  await symlink(record.runId, join(reports, 'latest'))
  return folder
}

describe('swarmproof history', () => {
  beforeEach(async () => (reports = await mkdtemp(join(tmpdir(), 'swarmproof-cli-history-'))))
  afterEach(() => rm(reports, { recursive: true }))

  it('adds the latest run and says what changed', async () => {
    await store(0)
    expect(await run(historyCommand(), 'add', '--report-dir', reports)).to.contain(
      'the first run of its kind',
    )
    await store(1, { verdicts: { 'ENC-01': 'fail' } })
    const told = await run(historyCommand(), 'add', '--report-dir', reports, '--commit', 'abc')
    expect(told).to.match(
      /2001-01-06 02:17:00 UTC {2}not conformant .* abc\n {2}New since yesterday: ENC-01\n$/,
    )
  })

  it('shows the trend as text, JSON and a page', async () => {
    for (const night of [0, 1, 2]) {
      await store(night, night === 1 ? { verdicts: { 'ENC-01': 'fail' } } : {})
      await run(historyCommand(), 'add', '--report-dir', reports, '--series', 'nightly')
    }
    const shown = await run(historyCommand(), 'show', '--report-dir', reports)
    expect(shown).to.match(
      /^nightly\n(.*\n){3} {2}Fixed since yesterday: ENC-01\n {2}Flaky: ENC-01, changed 2 times/,
    )
    const [series] = JSON.parse(await run(historyCommand(), 'show', '--report-dir', reports, '--json')) as {
      runs: { requirements: number }[]
      changes: { fixed: unknown }
    }[]
    expect(series?.runs).to.have.lengthOf(3)
    expect(series?.runs[0]?.requirements).to.equal(45)
    expect(series?.changes.fixed).to.deep.equal([{ id: 'ENC-01', lab: 'three-node' }])
    const page = join(reports, 'history.html')
    expect(await run(historyCommand(), 'show', '--report-dir', reports, '--html', page)).to.equal(`${page}\n`)
    expect(await readFile(page, 'utf8')).to.contain('Fixed since yesterday')
  })

  it('refuses to show a file without runs, or runs of a name that is not there', async () => {
    const said = (...words: string[]): Promise<unknown> =>
      run(historyCommand(), 'show', '--report-dir', reports, ...words).catch((error: unknown) => error)
    expect(await said()).to.be.instanceOf(InputError)
    expect(String(await said())).to.match(/history\.jsonl holds no run/)
    await store(0)
    await run(historyCommand(), 'add', '--report-dir', reports, '--series', 'nightly')
    expect(String(await said('--series', 'nightli'))).to.match(/nightly/)
  })
})

describe('swarmproof report --github', () => {
  let environment: Record<string, string> = {}
  beforeEach(async () => {
    reports = await mkdtemp(join(tmpdir(), 'swarmproof-cli-github-'))
    environment = {
      GITHUB_STEP_SUMMARY: join(reports, 'summary'),
      GITHUB_OUTPUT: join(reports, 'output'),
      GITHUB_WORKSPACE: packageRoot(),
    }
  })
  afterEach(() => rm(reports, { recursive: true }))

  it('annotates, summarises and sets outputs, with what is new', async () => {
    await store(0)
    await run(historyCommand(), 'add', '--report-dir', reports)
    const folder = await store(1, { verdicts: { 'ENC-01': 'fail' } })
    await run(historyCommand(), 'add', '--report-dir', reports)
    await writeFile(join(reports, 'summary'), 'from a step before\n')
    process.stdout.write = (chunk: string | Uint8Array): boolean => ((printed += String(chunk)), true)
    printed = ''
    try {
      await tellGithub(
        folder,
        { history: join(reports, 'history.jsonl'), link: 'https://example.org/1' },
        environment,
      )
    } finally {
      process.stdout.write = original
    }
    expect(printed).to.match(
      /^::error title=ENC-01 failed,file=suites\/ENC\/enc-01-only-esp\.ts,line=\d+::On an [^\n]+\n::notice [^\n]+\n$/,
    )
    const summary = await readFile(join(reports, 'summary'), 'utf8')
    expect(summary).to.match(/^from a step before\n## ❌ Not conformant/)
    expect(summary).to.contain('**New since yesterday:** ENC-01').and.contain('](https://example.org/1)')
    const outputs = await readFile(join(reports, 'output'), 'utf8')
    expect(outputs).to.contain('outcome=not conformant\n').and.contain('exit-code=1\n')
    expect(outputs).to.contain('new-failures=ENC-01\n').and.contain(`report=${folder}/conformance.html\n`)
  })

  it('tells that there is no run', async () => {
    const before = { ...process.env }
    Object.assign(process.env, environment)
    try {
      const error: unknown = await run(reportCommand(), '--github', '--report-dir', reports).catch(
        (e: unknown) => e,
      )
      expect(error).to.be.instanceOf(InputError)
    } finally {
      for (const name of Object.keys(environment)) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
    expect(printed).to.match(/^::error title=No verdict::unknown run 'latest'/)
    expect(await readFile(join(reports, 'summary'), 'utf8')).to.contain('## ⚠️ No verdict')
    expect(await readFile(join(reports, 'output'), 'utf8')).to.contain('outcome=no run\nexit-code=64\n')
  })
})

describe('places of annotations', () => {
  const root = packageRoot()

  it('are the lines where requirements stand, if they are in the workspace', async () => {
    const place = requirementPlace('ENC-01', root, root)
    expect(place?.file).to.equal('suites/ENC/enc-01-only-esp.ts')
    const lines = (await readFile(join(root, place?.file ?? ''), 'utf8')).split('\n')
    expect(lines[(place?.line ?? 0) - 1]).to.contain("'ENC-01'")
    expect(requirementPlace('ENC-01', root, join(root, 'topologies'))).to.equal(undefined)
    expect(requirementPlace('NONE-01', root, root)).to.equal(undefined)
    expect(requirementPlace('../..', root, root)).to.equal(undefined)
  })

  it('are lines of the inventory where there is one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'swarmproof-place-'))
    try {
      await writeFile(join(folder, 'swarm.yaml'), 'hosts:\n  manager: {address: 192.0.2.1}\n  worker2: {}\n')
      const record = nonConformantRun()
      const lost = (path: Problem['path']): Problem[] => [
        { code: 'not-delivered', kind: 'missed', protocol: 'UDP', ...(path === undefined ? {} : { path }) },
      ]
      judge(record, 'CTL-04', 'fail', 'lost', undefined, {}, lost({ from: 'worker1', to: 'worker2' }))
      judge(record, 'OVL-03', 'fail', 'lost', undefined, {}, lost(undefined))
      judge(record, 'OVL-01', 'fail', 'lost', undefined, {}, lost({ from: 'manager', to: 'manager' }))
      const places = requirementPlaces(root, folder, {
        inventory: 'swarm.yaml',
        addressesOf: (node) => (node === 'manager' ? ['192.0.2.1'] : []),
      })
      const of = (id: string): unknown => places(record.requirements.find((one) => one.id === id) as never)
      expect(of('CTL-04')).to.deep.equal({ file: 'swarm.yaml', line: 3 })
      expect(of('OVL-03')).to.deep.equal({ file: 'swarm.yaml', line: 1 })
      expect(of('OVL-01')).to.deep.equal({ file: 'swarm.yaml', line: 2 })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
