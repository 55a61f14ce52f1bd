import { spawnSync } from 'node:child_process'
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from '@actions/workflow-parser'
import { parseAction } from '@actions/workflow-parser/actions/action-parser'
import { expect } from 'chai'
import { parse } from 'yaml'
import { action, actionFile, allSteps, textOf, workflow, workflowFiles } from './workflow-files.fake.ts'

/** What GitHub's own schema and expression checks say against a file. */
async function complaints(file: string, content: string): Promise<string[]> {
  if (file === actionFile) {
    const { context } = parseAction({ name: file, content }, new NoOperationTraceWriter())
    return context.errors.getErrors().map(({ message }) => message)
  }
  const { context, value } = parseWorkflow({ name: file, content }, new NoOperationTraceWriter())
  if (value !== undefined) await convertWorkflowTemplate(context, value)
  return [...new Set(context.errors.getErrors().map(({ message }) => message))]
}

const jobs = workflowFiles.flatMap((file) =>
  Object.entries(workflow(file).jobs).map(([id, job]) => ({ where: `${file}, ${id}`, file, id, job })),
)

describe('workflows', () => {
  for (const file of [...workflowFiles, actionFile]) {
    it(`${file} is as GitHub's schema wants it`, async () => {
      expect(await complaints(file, textOf(file))).to.deep.equal([])
    })
  }

  it('are checked by a schema that sees a wrong key, a wrong context and a wrong output', async () => {
    const file = '.github/workflows/nightly.yml'
    const broken = async (from: string, to: string): Promise<string> => {
      expect(textOf(file)).to.contain(from)
      return (await complaints(file, textOf(file).replace(from, to))).join()
    }
    expect(await broken('timeout-minutes', 'time-out-minutes')).to.contain("'time-out-minutes'")
    expect(await broken('${{ matrix.shard }}', '${{ shard }}')).to.contain("'shard'")
    expect(await broken('needs: report', 'needs: reprot')).to.contain('reprot')
    const text = textOf(actionFile).replace('using: composite', 'using: composit')
    expect(await complaints(actionFile, text)).not.to.deep.equal([])
  })

  it('use actions by full commit hash with their version beside it, one of each', () => {
    const hashes = new Map<string, string>()
    for (const file of [...workflowFiles, actionFile]) {
      for (const [, name = '', rest = ''] of textOf(file).matchAll(/uses: ([^@\s]+)(.*)/g)) {
        if (name.startsWith('./')) continue
        expect(rest, `${file}: ${name}`).to.match(/^@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
        const repository = name.split('/').slice(0, 2).join('/')
        expect(hashes.get(repository) ?? rest, repository).to.equal(rest)
        hashes.set(repository, rest)
      }
    }
    expect(hashes.size).to.equal(8)
  })

  it('give nothing away: no permission for all, one job that may write, credentials not kept', () => {
    for (const file of workflowFiles) expect(workflow(file).permissions, file).to.deep.equal({})
    for (const { where, id, job } of jobs) {
      expect(job, where).to.have.property('permissions')
      const writes = Object.entries(job.permissions ?? {}).filter(([, access]) => access !== 'read')
      expect(writes, where).to.deep.equal(
        id === 'publish'
          ? [
              ['pages', 'write'],
              ['id-token', 'write'],
            ]
          : [],
      )
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
        expect(step.with?.['persist-credentials'], where).to.equal(false)
      }
    }
    for (const file of workflowFiles) expect(textOf(file)).not.to.match(/pull_request_target|workflow_run:/)
  })

  it('end by themselves, and do not run into each other', () => {
    for (const { where, file, job } of jobs) {
      expect(job['timeout-minutes'], where).to.be.within(1, 360)
      expect(workflow(file).concurrency ?? job.concurrency, where).not.to.equal(undefined)
    }
  })

  it('bound their runs within the time of the job, for one that is cancelled keeps no report', () => {
    const bounded = jobs.flatMap(({ where, job }) =>
      job.steps
        .map((step) => step.run ?? String(step.with?.['options'] ?? ''))
        .filter((words) => /swarmproof\.js run|inputs\.options/.test(words))
        .map((words) => {
          const minutes = Number(/--deadline (\d+)m\b/.exec(words)?.[1])
          expect(minutes, where).to.be.within(1, Number(job['timeout-minutes']) - 5)
        }),
    )
    expect(bounded).to.have.lengthOf(5)
  })

  it('put no expression into a script, and secrets into environments only', () => {
    for (const { where, step } of allSteps()) {
      expect(step.run ?? '', where).not.to.contain('${{')
      expect(JSON.stringify([step.name, step.if, step.uses]), where).not.to.contain('secrets.')
    }
    const secret = Object.entries(action().inputs).filter(([name]) => /key|known-hosts/.test(name))
    expect(secret.map(([name]) => name)).to.deep.equal(['ssh-key', 'known-hosts'])
    const holders = action().runs.steps.filter((step) =>
      /inputs\.(ssh-key|known-hosts)/.test(JSON.stringify(step)),
    )
    expect(holders.map(({ name }) => name)).to.deep.equal(['Key and known hosts'])
  })

  it('wait for as many runs as their jobs make', () => {
    const { machines, containers, report } = workflow('.github/workflows/nightly.yml').jobs
    const runs =
      (machines?.strategy?.matrix['include']?.length ?? 0) +
      (containers?.strategy?.matrix['image']?.length ?? 0)
    // One more where a maintainer names an engine of its publisher.
    expect(report?.env?.['RUNS']).to.equal(`\${{ vars.ENGINE_PACKAGE_URLS == '' && ${runs} || ${runs + 1} }}`)
    const shards = (machines?.strategy?.matrix['include'] ?? []) as { engine: string; shard: string }[]
    for (const engine of new Set(shards.map((one) => one.engine))) {
      const parts = shards.filter((one) => one.engine === engine).map(({ shard }) => shard)
      expect(parts).to.deep.equal(parts.map((_, index) => `${index + 1}/${parts.length}`))
    }
  })

  it('are called in ten lines, as the README has them', async () => {
    const [, lines = ''] = /```yaml\n(name: [^]*?)```/.exec(textOf('README.md')) ?? []
    expect(lines.trim().split('\n')).to.have.lengthOf.at.most(10)
    expect(await complaints('README.md', lines)).to.deep.equal([])
    const { jobs: called } = parse(lines) as { jobs: { validate: Record<string, Record<string, string>> } }
    const { on } = parse(textOf('.github/workflows/validate.yml')) as {
      on: { workflow_call: Record<'inputs' | 'secrets', object> }
    }
    expect(on.workflow_call.inputs).to.include.keys(Object.keys(called.validate['with'] ?? {}))
    expect(on.workflow_call.secrets).to.include.keys(Object.keys(called.validate['secrets'] ?? {}))
  })

  it('pass every input and output of the action on in the reusable workflow', () => {
    const reusable = workflow('.github/workflows/validate.yml').jobs['validate']
    const step = reusable?.steps.find(({ uses }) => uses === './.swarmproof')
    for (const name of Object.keys(step?.with ?? {})) expect(action().inputs).to.have.property(name)
    const used = JSON.stringify(reusable).matchAll(/steps\.swarmproof\.outputs\.([\w-]+)/g)
    for (const [, name = ''] of used) expect(action().outputs).to.have.property(name)
  })

  it('pass shellcheck in every script', function () {
    if (spawnSync('shellcheck', ['--version']).status !== 0) this.skip()
    this.timeout(60_000)
    const scripts = allSteps().filter(({ step }) => step.run !== undefined)
    expect(scripts.length).to.be.above(15)
    const found = scripts.flatMap(({ where, step }) => {
      const { stdout } = spawnSync('shellcheck', ['--shell', 'bash', '--format', 'gcc', '-'], {
        input: `set -eo pipefail\n${step.run}`,
        encoding: 'utf8',
      })
      return stdout === '' ? [] : [`${where}\n${stdout}`]
    })
    expect(found.join('\n')).to.equal('')
  })
})
