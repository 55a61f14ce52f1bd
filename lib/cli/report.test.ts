import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../error.ts'
import { conformantRun } from '../report/fixtures/example-runs.fake.ts'
import { reportCommand } from './report.ts'

describe('swarmproof report', function () {
  // Allure 3 is a program of its own.
  this.timeout(60_000)
  let reports = ''
  beforeEach(async () => {
    reports = await mkdtemp(join(tmpdir(), 'swarmproof-cli-report-'))
    await mkdir(join(reports, 'run-1'))
    await writeFile(join(reports, 'run-1', 'run.json'), JSON.stringify(conformantRun()))
    await symlink('run-1', join(reports, 'latest'))
  })
  afterEach(async () => {
    await rm(reports, { recursive: true })
  })

  /** What it printed. */
  async function run(...words: string[]): Promise<string> {
    const original = process.stdout.write.bind(process.stdout)
    let printed = ''
    process.stdout.write = (chunk: string | Uint8Array): boolean => {
      printed += String(chunk)
      return true
    }
    try {
      await reportCommand().parseAsync(['--report-dir', reports, ...words], { from: 'user' })
    } finally {
      process.stdout.write = original
    }
    return printed
  }

  it('takes the latest run, an id or a folder', async () => {
    for (const words of [[], ['run-1'], [join(reports, 'run-1')]]) {
      expect(await run(...words)).to.match(
        /^conformant \(partial\): .*(latest|run-1)\n {2}Allure .*index.html\n {2}HTML .*conformance.html\n/,
      )
    }
  })

  it('shows where the time went, and writes nothing', async () => {
    expect(await run('--profile-time')).to.match(/^Time: 2 min 51 s, of it .*\nSteps\n.*Deploy stack\n/)
    const { steps } = JSON.parse(await run('--profile-time', '--json')) as { steps: { what: string }[] }
    expect(steps[0]).to.include({ what: 'Deploy stack', lab: 'three-node', durationMs: 41_600 })
    expect(await readdir(join(reports, 'run-1'))).to.deep.equal(['run.json'])
  })

  it('prints JSON', async () => {
    const printed = JSON.parse(await run('--json')) as { html: string; summary: { conclusion: string } }
    expect(printed.html).to.equal(join(reports, 'latest', 'conformance.html'))
    expect(printed.summary.conclusion).to.equal('conformant')
  })

  it('names the valid runs when there is no such run', async () => {
    await cp(join(reports, 'run-1'), join(reports, 'run-2'), { recursive: true })
    const error: unknown = await run('run-3').catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(InputError)
    expect((error as InputError).message)
      .to.contain("unknown run 'run-3'")
      .and.contain('latest, run-1, run-2')
  })

  it('has examples in its help', () => {
    let help = ''
    reportCommand()
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp()
    expect(help).to.contain('Examples:').and.contain('swarmproof report --json')
  })
})
