import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { exampleFinding } from '../observation/finding.fake.ts'
import { InputError } from '../error.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import {
  conformantRun,
  harnessFailedRun,
  interruptedRun,
  judge,
  nonConformantRun,
} from './fixtures/example-runs.fake.ts'
import { writeReports } from './report.ts'

const noJava = { java: join(tmpdir(), 'there-is-no-java-here') }

describe('writing the reports of a run', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarmproof-report-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  const store = async (record: RunRecord): Promise<void> =>
    writeFile(join(folder, 'run.json'), JSON.stringify(record))

  /** A stand-in for Java: says its version, and otherwise does what the script says. */
  async function fakeJava(script: string): Promise<string> {
    const file = join(folder, 'fake-java')
    await writeFile(file, `#!/bin/sh\n[ "$1" = -version ] && exit 0\n${script}\n`)
    await chmod(file, 0o755)
    return file
  }

  it('makes the Allure report without Java, on one page that loads nothing', async () => {
    await store(nonConformantRun())
    const files = await writeReports(folder)
    expect(files.errors).to.deep.equal([])
    expect(files.notes).to.deep.equal([])
    expect(files.allure).to.equal(join(folder, 'allure-report', 'index.html'))
    const page = await readFile(files.allure ?? '', 'utf8')
    expect(page).to.contain('swarmproof: three-node')
    // Scripts, styles and images are in it; anything else would be asked for where it is read.
    const loaded = [...page.matchAll(/<(?:script|link|img)[^>]*? (?:src|href)="(?!data:)([^"]*)"/g)]
    expect(loaded.map(([, address]) => address)).to.deep.equal([])
    expect(page).to.not.contain('googletagmanager')
    expect(await readdir(join(folder, 'allure-report'))).to.deep.equal(['index.html'])
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).to.deep.equal([])
  }).timeout(60_000)

  it('quotes Allure 3 as well when it fails, and keeps the report of before', async () => {
    await store(conformantRun())
    await mkdir(join(folder, 'allure-report'))
    await writeFile(join(folder, 'allure-report', 'index.html'), 'of before')
    const program = async (text: string): Promise<string> => {
      const file = join(folder, 'allure.mjs')
      await writeFile(file, text)
      return file
    }
    for (const [text, timeoutMs, said] of [
      [
        'console.error("something broke SWMTKN-1-abc-def"); process.exit(3)',
        60_000,
        'exit code 3: something broke SWMTKN-(redacted)',
      ],
      ['console.log("made nothing")', 60_000, 'exit code 0: made nothing'],
      ['setInterval(() => undefined, 1000)', 200, 'still running and was stopped'],
    ] as const) {
      const { errors } = await writeReports(folder, { programs: { allure: await program(text), timeoutMs } })
      expect(errors[0]?.message).to.contain(said)
    }
    expect(await readFile(join(folder, 'allure-report', 'index.html'), 'utf8')).to.equal('of before')
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).to.deep.equal([])
  })

  it('writes all of them, and says how to have Allure by Java where that is missing', async () => {
    await store(nonConformantRun())
    const files = await writeReports(folder, { programs: noJava })
    expect(files.errors).to.deep.equal([])
    expect(files.notes.join()).to.contain('needs Java').and.contain('apt-get install')
    expect(files.allure).to.equal(undefined)
    for (const [file, part] of [
      [files.html, '<h1>'],
      [files.junit, '<testsuites'],
      [files.markdown, '## ❌'],
    ] as const) {
      expect(await readFile(file ?? '', 'utf8')).to.contain(part)
    }
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).to.deep.equal([])
  })

  it('finds causes again when it is given the diagnosis, which may crash', async () => {
    await store(nonConformantRun())
    const diagnose = () => [exampleFinding({ title: 'A cause found now', explains: ['CTL-04'] })]
    const files = await writeReports(folder, { programs: noJava, diagnose })
    expect(await readFile(files.html ?? '', 'utf8')).to.contain('A cause found now')
    const crash = (): never => {
      throw new Error('rule broke')
    }
    const again = await writeReports(folder, { programs: noJava, diagnose: crash })
    expect(again.notes.join()).to.contain('rule broke')
    expect(again.errors).to.deep.equal([])
  })

  it('goes on when one of them cannot be written', async () => {
    await store(conformantRun())
    await mkdir(join(folder, 'conformance.html', 'in the way'), { recursive: true })
    await writeFile(join(folder, 'allure-results'), 'a file where a folder must be')
    const files = await writeReports(folder, { programs: noJava })
    expect(files.errors.map(({ report }) => report)).to.have.members(['html', 'allure'])
    expect(files.html).to.equal(undefined)
    expect(await readFile(files.junit ?? '', 'utf8')).to.contain('<testsuites')
    expect(await readFile(files.markdown ?? '', 'utf8')).to.contain('Conformant')
  })

  it('quotes what Allure said when it fails, and stops it when it takes too long', async () => {
    await store(conformantRun())
    const failing = await fakeJava('echo "something broke SWMTKN-1-abc-def" >&2; exit 3')
    const failed = await writeReports(folder, { programs: { java: failing } })
    expect(failed.errors[0]?.message).to.contain('exit code 3: something broke SWMTKN-(redacted)')
    const slow = await fakeJava('exec sleep 60')
    const stopped = await writeReports(folder, { programs: { java: slow, timeoutMs: 200 } })
    expect(stopped.errors[0]?.message).to.contain('still running and was stopped')
  })

  it('leaves nothing to guess for Allure: environment, categories, and the failed step', async () => {
    await store(harnessFailedRun())
    await writeReports(folder, { programs: noJava })
    await writeReports(folder, { programs: noJava })
    const results = join(folder, 'allure-results')
    expect(await readFile(join(results, 'environment.properties'), 'utf8'))
      .to.contain('Docker\\ engine=26.1.5-example\n')
      .and.contain('Verdict=Inconclusive (partial)\n')
    expect(await readFile(join(results, 'categories.json'), 'utf8')).to.contain('Harness could not know')
    const written = (await readdir(results)).filter((name) => name.endsWith('-result.json'))
    expect(written).to.have.lengthOf(1)
    const result = JSON.parse(await readFile(join(results, written[0] ?? ''), 'utf8')) as {
      name: string
      status: string
      statusDetails: { message: string }
      steps: unknown[]
    }
    expect(result).to.include({ name: 'harness / Form swarm', status: 'broken' })
    expect(result.statusDetails.message).to.contain('expected: node Ready within 40 s')
    expect(result.steps).to.have.lengthOf(5)
  })

  it('adds to the results that mocha left only what they cannot know', async () => {
    const results = join(folder, 'allure-results')
    await mkdir(results)
    await writeFile(join(results, 'a-result.json'), '{"name":"CTL-01","status":"passed"}')
    await store(conformantRun())
    await writeReports(folder, { programs: noJava })
    expect((await readdir(results)).filter((name) => name.endsWith('-result.json'))).to.have.lengthOf(1)
    await store(interruptedRun())
    await writeReports(folder, { programs: noJava })
    expect((await readdir(results)).filter((name) => name.endsWith('-result.json'))).to.have.lengthOf(2)
  })

  it('refuses a run that cannot be read before it writes anything', async () => {
    await writeFile(join(folder, 'run.json'), '{"schemaVersion": 2, "runId": "x')
    const error: unknown = await writeReports(folder).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(InputError).with.property('code', 'RUN_TRUNCATED')
    expect(await readdir(folder)).to.deep.equal(['run.json'])
  })

  it('lets no key or token into any file', async () => {
    const body = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz'
    const secrets = {
      worker: 'SWMTKN-1-49nj1cmql0jkz5s954yi3oex3nedyz0fb0xx14ie39trti4wxv-8vxv8rssmk743ojnwacrr2e7c',
      unlock: 'SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8',
      pem: `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n${body}\n-----END OPENSSH PRIVATE KEY-----`,
      cut: `-----BEGIN RSA PRIVATE KEY-----\n${body}`,
      xfrm: 'aead rfc4106(gcm(aes)) 0x9f2d5ab09f2d5ab09f2d5ab09f2d5ab09f2d5ab0 64',
    }
    const all = Object.values(secrets).join('\n')
    const record = nonConformantRun()
    const data = { ...secrets, token: 'hunter2hunter2', deep: [{ stdout: all, lines: all.split('\n') }] }
    judge(record, 'CTL-04', 'fail', all, [
      { kind: 'observation', name: all, data },
      { kind: 'observation', name: 'rows', data: [{ line: secrets.xfrm }, { line: secrets.worker }] },
      {
        kind: 'packets',
        name: 'p',
        file: `captures/${secrets.unlock}`,
        packets: 1,
        summary: all.split('\n'),
      },
    ])
    judge(record, 'VXL-02', 'inconclusive', all, [{ kind: 'observation', name: 'text', data: all }])
    record.failures = [{ step: 'Join', message: all, log: all.split('\n'), logSource: secrets.worker }]
    record.findings = [
      exampleFinding({
        title: all,
        cause: all,
        remedy: [all],
        explains: ['CTL-04'],
        nodes: [all],
        proof: [all],
      }),
    ]
    record.steps.push({
      what: all,
      startedAt: record.startedAt,
      durationMs: 1,
      outcome: 'failed',
      detail: all,
    })
    Object.assign(record, { state: 'harness-failed', reproduce: `swarmproof run --token ${secrets.worker}` })
    const results = join(folder, 'allure-results')
    await mkdir(results)
    await writeFile(join(results, 'b-attachment.txt'), all)
    await writeFile(join(results, 'b-attachment.json'), JSON.stringify(data))
    await writeFile(join(results, 'b-result.json'), JSON.stringify({ statusDetails: { message: all } }))
    await store(record)
    const files = await writeReports(folder, { programs: noJava })
    expect(files.errors).to.deep.equal([])
    const paths = await readdir(folder, { recursive: true, withFileTypes: true })
    const written = paths.filter((entry) => entry.isFile() && entry.name !== 'run.json')
    expect(written.length).to.be.at.least(9)
    const pieces = ['49nj1cmql0', '7c37Cc8654', 'b3BlbnNzaC1', '9f2d5ab0', 'hunter2']
    for (const entry of written) {
      const text = await readFile(join(entry.parentPath, entry.name), 'utf8')
      for (const piece of pieces) expect(text, `${entry.name} holds ${piece}`).not.to.contain(piece)
      if (entry.name.endsWith('.json')) expect(() => JSON.parse(text) as unknown, entry.name).not.to.throw()
    }
  })
})
