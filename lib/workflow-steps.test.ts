import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
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
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { packageRoot } from './package-root.ts'
import { nightRun } from './report/fixtures/example-history.fake.ts'
import type { Night } from './report/fixtures/example-history.fake.ts'
import { entryOf } from './report/history/entry.ts'
import { addToHistory } from './report/history/history-file.ts'
import { action, stepNamed, workflow } from './workflow-files.fake.ts'
import type { WorkflowStep } from './workflow-files.fake.ts'

/**
 * Scripts of workflows run as a runner runs them, in a workspace of their own with files for summary and outputs.
 * Commands that need no hosts are the real ones; `validate` is played by one that stores an example run.
 */
let workspace = ''

const module = (path: string): string => JSON.stringify(pathToFileURL(join(packageRoot(), path)).href)

const launcher = `
import { execFileSync } from 'node:child_process'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { register } from ${module('node_modules/tsx/dist/esm/api/index.mjs')}
const [, , name, ...words] = process.argv
if (name === 'validate') {
  const reports = words[words.indexOf('--report-dir') + 1]
  const keys = execFileSync('ssh-add', ['-l'], { encoding: 'utf8' })
  writeFileSync('validate.json', JSON.stringify({ words, keys, environment: process.env }))
  if (words.includes('--refused')) process.exit(64)
  cpSync('example', reports + '/example', { recursive: true })
  symlinkSync('example', reports + '/latest')
  process.exit(1)
}
register()
const { Command } = await import(${module('node_modules/commander/index.js')})
const program = new Command()
const load = {
  merge: async () => (await import(${module('lib/cli/merge.ts')})).mergeCommand(),
  report: async () => (await import(${module('lib/cli/report.ts')})).reportCommand(),
  history: async () => (await import(${module('lib/cli/history.ts')})).historyCommand(),
}
program.addCommand(await load[name]())
await program.parseAsync([name, ...words], { from: 'user' }).catch((error) => {
  process.stderr.write(error.message)
  process.exitCode = 64
})
`

function storeRun(folder: string, night: number, how: Night = {}): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'run.json'), JSON.stringify(nightRun(night, how)))
}

interface Ran {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
}

/** `values` stand for expressions, by their text; every expression of the step's environment must be among them. */
function runStep(
  step: WorkflowStep,
  values: Readonly<Record<string, string>> = {},
  env: NodeJS.ProcessEnv = {},
): Ran {
  const [output, summary] = [join(workspace, 'output'), join(workspace, 'summary')]
  writeFileSync(output, '')
  writeFileSync(summary, '')
  const filled = Object.entries(step.env ?? {}).map(([name, value]) => [
    name,
    String(value).replace(/\$\{\{ (.+?) \}\}/g, (_, expression: string) => {
      const found = values[expression]
      if (found === undefined) throw new Error(`the test has no ${expression}`)
      return found
    }),
  ])
  const result = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run ?? ''], {
    cwd: workspace,
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      HOME: join(workspace, 'home'),
      JAVA_HOME: join(workspace, 'no-java'),
      RUNNER_TEMP: join(workspace, 'temp'),
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      GITHUB_ACTION_PATH: workspace,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_SHA: 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334',
      GITHUB_SERVER_URL: 'https://example.org',
      GITHUB_REPOSITORY: 'team/cluster',
      GITHUB_RUN_ID: '42',
      ...(Object.fromEntries(filled) as NodeJS.ProcessEnv),
      ...env,
    },
  })
  const outputs = readFileSync(output, 'utf8').split('\n').filter(Boolean)
  return {
    exitCode: result.status,
    stdout: result.stdout,
    stderr: result.stderr,
    outputs: Object.fromEntries(
      outputs.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
    ) as Record<string, string>,
    summary: readFileSync(summary, 'utf8'),
  }
}

describe('steps of workflows', function () {
  this.timeout(90_000)
  beforeEach(() => {
    workspace = mkdtempSync(join(tmpdir(), 'swarmproof-steps-'))
    for (const folder of ['bin', 'home', 'temp']) mkdirSync(join(workspace, folder))
    writeFileSync(join(workspace, 'package.json'), '{"type":"module"}')
    writeFileSync(join(workspace, 'bin', 'swarmproof.js'), launcher)
  })
  afterEach(() => rmSync(workspace, { recursive: true }))

  it('of the nightly report merge, keep history, build the site and tell what is new', async () => {
    const { report } = workflow('.github/workflows/nightly.yml').jobs
    const steps = report?.steps ?? []
    const env = { HISTORY: String(report?.env?.['HISTORY']), RUNS: '1' }
    await addToHistory(join(workspace, 'history.jsonl'), entryOf(nightRun(0), { series: 'nightly' }))
    storeRun(join(workspace, 'runs/run-machines-0/night-1'), 1, { verdicts: { 'ENC-01': 'fail' } })

    const merge = runStep(stepNamed(steps, 'Merge'), {}, env)
    expect(merge.exitCode, merge.stderr).to.equal(1)

    const added = runStep(stepNamed(steps, 'Add to the history'), {}, env)
    expect(added.stdout).to.contain('New since yesterday: ENC-01')
    const site = runStep(stepNamed(steps, 'Site'), {}, env)
    expect(site.exitCode, site.stderr).to.equal(0)
    const page = readFileSync(join(workspace, 'site/index.html'), 'utf8')
    expect(page)
      .to.contain('href="latest/conformance.html"')
      .and.contain('https://example.org/team/cluster/actions/runs/42')
    // Pages refuses what others may not read, and runs and histories are their owner's alone.
    for (const file of ['latest/conformance.html', 'latest/run.json', 'history.jsonl', 'index.html']) {
      expect(statSync(join(workspace, 'site', file)).mode & 0o004, file).to.equal(0o004)
    }
    expect(statSync(join(workspace, 'site/latest')).mode & 0o005).to.equal(0o005)
    const tell = runStep(
      stepNamed(steps, 'Tell'),
      { 'steps.report.outputs.artifact-url': 'https://example.org/artifact/7' },
      env,
    )
    expect(tell.exitCode, tell.stderr).to.equal(0)
    expect(tell.stdout).to.match(/^::error title=ENC-01 failed::/m)
    expect(tell.summary).to.match(
      /^## ❌ Not conformant[^]*\*\*New since yesterday:\*\* ENC-01[^]*artifact\/7/,
    )
    expect(tell.outputs).to.include({ outcome: 'not conformant', failed: '1', 'new-failures': 'ENC-01' })
  })

  describe('of the action', () => {
    const { steps } = action().runs
    let secret = ''
    const inputs = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
      'inputs.hosts': 'root@192.0.2.1\nroot@192.0.2.2',
      'inputs.inventory': 'a swarm.yaml',
      'inputs.profile': 'standard',
      'inputs.options': '--skip MTU',
      'inputs.ssh-key': secret,
      'inputs.known-hosts': '192.0.2.1 ssh-ed25519 AAAA\n192.0.2.2 ssh-ed25519 BBBB',
      'inputs.history': 'history.jsonl',
      ...more,
    })
    let agent: Ran
    beforeEach(() => {
      execFileSync('ssh-keygen', [
        '-q',
        '-t',
        'ed25519',
        '-N',
        '',
        '-C',
        'of the test',
        '-f',
        join(workspace, 'key'),
      ])
      secret = readFileSync(join(workspace, 'key'), 'utf8').trim()
      rmSync(join(workspace, 'key'))
      storeRun(join(workspace, 'example'), 1, { verdicts: { 'ENC-01': 'fail' } })
      agent = runStep(stepNamed(steps, 'Key and known hosts'), inputs())
    })
    afterEach(async () => {
      const end = runStep(stepNamed(steps, 'End of the agent'), {
        'steps.key.outputs.pid': agent.outputs['pid'] ?? '',
      })
      expect(end.exitCode, end.stderr).to.equal(0)
      // It takes its socket with it.
      while (existsSync(agent.outputs['socket'] ?? '')) await setTimeout(10)
    })

    const connection = (): Record<string, string> => ({
      'steps.key.outputs.socket': agent.outputs['socket'] ?? '',
      'steps.key.outputs.known-hosts': agent.outputs['known-hosts'] ?? '',
    })

    it('take the key into an agent, validate, keep the exit code, and tell', () => {
      expect(agent.exitCode, agent.stderr).to.equal(0)
      const knownHosts = agent.outputs['known-hosts'] ?? ''
      expect(readFileSync(knownHosts, 'utf8').split('\n')).to.have.lengthOf(3)
      expect(readdirSync(join(workspace, 'home'))).to.deep.equal([])

      const validate = runStep(stepNamed(steps, 'Validate'), { ...inputs(), ...connection() })
      // Before anything a host says can be printed, and never the same.
      expect(validate.stdout).to.match(/^::stop-commands::[0-9a-f]{32}\n/)
      expect(validate.exitCode, validate.stderr).to.equal(1)
      const reports = validate.outputs['reports'] ?? ''
      const seen = JSON.parse(readFileSync(join(workspace, 'validate.json'), 'utf8')) as {
        words: string[]
        keys: string
        environment: Record<string, string>
      }
      expect(seen.words).to.deep.equal([
        ...['root@192.0.2.1', 'root@192.0.2.2', '--skip', 'MTU', '--inventory', 'a swarm.yaml'],
        ...['--known-hosts', knownHosts, '--profile', 'standard', '--report-dir', reports],
      ])
      expect(seen.keys).to.contain('of the test')
      const told = {
        'steps.validate.outputs.reports': reports,
        'steps.keep.outputs.artifact-url': 'https://example.org/a',
      }
      expect(runStep(stepNamed(steps, 'Add to the history'), { ...inputs(), ...told }).exitCode).to.equal(0)
      const tell = runStep(stepNamed(steps, 'Tell'), { ...inputs(), ...told })
      expect(tell.exitCode, tell.stderr).to.equal(0)
      expect(tell.outputs).to.include({ outcome: 'not conformant', 'exit-code': '1', failed: '1' })
      for (const name of [
        'outcome',
        'exit-code',
        'passed',
        'failed',
        'skipped',
        'inconclusive',
        'new-failures',
        'report',
      ]) {
        expect(action().outputs[name]?.value).to.equal(`\${{ steps.tell.outputs.${name} }}`)
        expect(tell.outputs).to.have.property(name)
      }
      const body = secret.split('\n')[1] ?? 'none'
      const everything = [agent, validate, tell].map((ran) => ran.stdout + ran.stderr + ran.summary).join()
      expect(everything + JSON.stringify(seen)).not.to.contain(body)
    })

    it('say that there is no verdict where validation was refused', () => {
      const refused = { ...inputs({ 'inputs.options': '--refused', 'inputs.history': '' }), ...connection() }
      const validate = runStep(stepNamed(steps, 'Validate'), refused)
      expect(validate.exitCode).to.equal(64)
      const tell = runStep(stepNamed(steps, 'Tell'), {
        ...refused,
        'steps.validate.outputs.reports': validate.outputs['reports'] ?? '',
        'steps.keep.outputs.artifact-url': '',
      })
      expect(tell.exitCode).to.equal(64)
      expect(tell.outputs).to.deep.equal({ outcome: 'no run', 'exit-code': '64' })
      expect(tell.summary).to.contain('No verdict')
    })
  })

  it('take an engine of its publisher only as it was pinned', () => {
    const { publisher } = workflow('.github/workflows/nightly.yml').jobs
    const step = stepNamed(publisher?.steps ?? [], 'Engine')
    const tools = join(workspace, 'tools')
    mkdirSync(tools)
    // What is at an address is its last part.
    const curl = '#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done; printf %s "${3##*/}" >"$2"\n'
    writeFileSync(join(tools, 'curl'), curl, { mode: 0o755 })
    const engine = (SHA256: string): Ran => {
      rmSync(join(workspace, 'engine'), { recursive: true, force: true })
      const URLS = 'https://example.invalid/a.deb\nhttps://example.invalid/b.deb\n'
      return runStep(step, {}, { URLS, SHA256, PATH: `${tools}:${process.env['PATH']}` })
    }
    const [a, b] = ['a.deb', 'b.deb'].map((text) => createHash('sha256').update(text).digest('hex'))
    expect(engine(`${a} ${b}`).exitCode).to.equal(0)
    expect(readdirSync(join(workspace, 'engine'))).to.deep.equal(['a.deb', 'b.deb'])
    expect(engine(`${b} ${a}`).exitCode).to.not.equal(0)
    const short = engine(a ?? '')
    expect(short.exitCode).to.equal(1)
    expect(short.stdout).to.contain('2 addresses and 1 hashes')
  })

  it('say which week it is', () => {
    const { machines } = workflow('.github/workflows/nightly.yml').jobs
    const week = runStep(stepNamed(machines?.steps ?? [], 'Week'))
    expect(week.outputs['of']).to.match(/^\d{4}-\d\d$/)
  })
})
