import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RunRecord } from '../conformance/run-record.ts'
import { InputError } from '../error.ts'
import { conformantRun, judge, nonConformantRun } from './fixtures/example-runs.fake.ts'
import { renderHtml } from './html.ts'
import { parseRun, readRun, runBounds } from './read-run.ts'
import { copyRun, placeOf, relocated } from './relocate.ts'
import { writeReports } from './report.ts'
import { plainFiles, runFileBounds } from './run-files.ts'

const noJava = { java: join(tmpdir(), 'there-is-no-java-here') }

async function refusal(work: Promise<unknown>): Promise<InputError> {
  const error: unknown = await work.then(
    () => 'was not refused',
    (thrown: unknown) => thrown,
  )
  expect(error).to.be.instanceOf(InputError)
  return error as InputError
}

function parseRefusal(text: string): InputError {
  try {
    parseRun(text, 'run.json')
  } catch (error) {
    expect(error).to.be.instanceOf(InputError)
    return error as InputError
  }
  throw new Error('was not refused')
}

describe('a run that somebody else made', () => {
  let folder = ''
  let from = ''
  let into = ''
  let outside = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-hostile-'))
    ;[from, into, outside] = [join(folder, 'from'), join(folder, 'into'), join(folder, 'outside')]
    for (const path of [join(from, 'captures'), join(from, 'hosts', 'manager1'), into, outside]) {
      mkdirSync(path, { recursive: true })
    }
    writeFileSync(join(from, 'captures', 'good.pcap'), 'packets')
    writeFileSync(join(outside, 'secret'), 'hunter2')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const copied = (): string[] => (readdirSync(into, { recursive: true }) as string[]).sort()

  it('has an id that names its own folder, or is refused', async () => {
    const ids = [
      '..',
      '.',
      '',
      '/',
      '/etc',
      'a/b',
      'a\\b',
      '../x',
      '-x',
      '_',
      'a\nb',
      'a b',
      'x'.repeat(129),
      '…',
    ]
    for (const id of ids) {
      expect(() => placeOf(id), id).to.throw(InputError, 'a run has an id that cannot name a folder')
      expect(parseRefusal(JSON.stringify({ ...conformantRun(), runId: id })).code).to.equal('RUN_ID')
      await refusal(copyRun(from, id, into))
    }
    expect(copied()).to.deep.equal([])
    for (const id of ['20010203T221500Z-1a2b', 'a', 'x.y_z-1', 'a..b'])
      expect(placeOf(id)).to.equal(`runs/${id}`)
  })

  /** Each makes one thing that no run leaves. */
  const odd: Readonly<
    Record<string, { readonly name: string; readonly what: string; readonly make: (path: string) => void }>
  > = {
    'a link to a file': {
      name: 'captures/link.pcap',
      what: 'is a symbolic link',
      make: (path) => symlinkSync(join(outside, 'secret'), path),
    },
    'a link to a folder': {
      name: 'hosts/worker1',
      what: 'is a symbolic link',
      make: (path) => symlinkSync(outside, path),
    },
    'a link to nowhere': {
      name: 'log.txt',
      what: 'is a symbolic link',
      make: (path) => symlinkSync('x', path),
    },
    'a link for a folder of its own': {
      name: 'hosts/manager1/more',
      what: 'is a symbolic link',
      make: (path) => symlinkSync('..', path),
    },
    'a hard link': {
      name: 'captures/hard.pcap',
      what: 'is a hard link',
      make: (path) => linkSync(join(outside, 'secret'), path),
    },
    'a named pipe': {
      name: 'captures/pipe.pcap',
      what: 'is a named pipe',
      make: (path) => execFileSync('mkfifo', [path]),
    },
    'a line break in a name': {
      name: 'captures/a\n::error::b',
      what: 'has a control character in its name',
      make: (path) => writeFileSync(path, ''),
    },
    'a link among results for Allure': {
      name: 'allure-results/a-result.json',
      what: 'is a symbolic link',
      make: (path) => {
        mkdirSync(join(from, 'allure-results'))
        symlinkSync(join(outside, 'secret'), path)
      },
    },
  }

  for (const [kind, { name, what, make }] of Object.entries(odd)) {
    it(`is not merged with ${kind}`, async () => {
      make(join(from, name))
      const error = await refusal(copyRun(from, 'hostile', into))
      expect(error.code).to.equal('RUN_FILES_REFUSED')
      expect(error.message).to.contain(`${JSON.stringify(name)} ${what}`)
      expect(copied()).to.deep.equal([])
    })
  }

  it('is not merged when it is too large, states to be, has too many files or nests too deep', async () => {
    truncateSync(join(from, 'captures', 'good.pcap'), runFileBounds.mostBytes + 1)
    expect((await refusal(copyRun(from, 'hostile', into))).message).to.contain(
      'at most 4096 MiB in all files',
    )
    truncateSync(join(from, 'captures', 'good.pcap'), 7)
    expect((await refusal(plainFiles(from, undefined, { ...runFileBounds, mostFiles: 0 }))).code).to.equal(
      'RUN_FILES_TOO_MANY',
    )
    mkdirSync(join(from, 'a/'.repeat(runFileBounds.mostLevels)), { recursive: true })
    expect((await refusal(copyRun(from, 'hostile', into))).message).to.contain(
      'at most 12 folders within folders',
    )
    expect(copied()).to.deep.equal([])
  })

  it('is copied where it holds plain files, for its owner alone, and never over a file of another run', async () => {
    mkdirSync(join(from, 'allure-results'))
    writeFileSync(join(from, 'allure-results', 'one-result.json'), '{}')
    await copyRun(from, 'good', into)
    expect(copied()).to.include.members(['runs/good/captures/good.pcap', 'allure-results/one-result.json'])
    expect(statSync(join(into, 'runs/good/captures/good.pcap')).mode & 0o077).to.equal(0)
    await copyRun(from, 'same', into)
    writeFileSync(join(from, 'allure-results', 'one-result.json'), '{"status":"passed"}')
    expect((await refusal(copyRun(from, 'other', into))).code).to.equal('RUN_FILE_TWICE')
    expect(readFileSync(join(into, 'allure-results', 'one-result.json'), 'utf8')).to.equal('{}')
  })

  it('leads no link of its page out of its folder, merged or not', () => {
    const record = nonConformantRun()
    const files = [
      '../../../etc/passwd',
      '/etc/passwd',
      'javascript:alert(1)',
      'captures/../../x',
      'https://x/y',
      '..',
    ]
    const evidence = files.map(
      (file) => ({ kind: 'packets', name: 'n', file, packets: 1, summary: [] }) as const,
    )
    judge(record, record.requirements[0]?.id ?? '', 'fail', 'r', evidence)
    record.failures.push({ step: 's', message: 'm', log: ['l'], logSource: 'hosts/../../../etc/passwd' })
    for (const run of [record, relocated(record)]) {
      const links = [...renderHtml(run).matchAll(/<a href="([^"]*)"/g)].map(([, href]) => href ?? '')
      expect(links.length).to.be.above(0)
      for (const link of links) {
        expect(link).to.not.match(
          /(^|\/)\.\.(\/|$)|^\/|^(?!https:\/\/github\.com\/|https:\/\/docs\.docker\.com\/)\w+:/,
        )
      }
    }
  })

  describe('whose reports are written', () => {
    const store = (record: RunRecord): void => writeFileSync(join(from, 'run.json'), JSON.stringify(record))

    it('has nothing written through links in its folder', async () => {
      store(conformantRun())
      for (const name of ['conformance.html', 'junit.xml', 'summary.md', 'matrix.md']) {
        symlinkSync(join(outside, 'secret'), join(from, `${name}.unfinished`))
        symlinkSync(join(outside, 'secret'), join(from, name))
      }
      const files = await writeReports(from, { programs: noJava })
      expect(files.errors).to.deep.equal([])
      expect(readFileSync(files.html ?? '', 'utf8')).to.contain('<h1>')
      expect(readFileSync(join(outside, 'secret'), 'utf8')).to.equal('hunter2')
    })

    it('has no results for Allure read or written through links', async () => {
      store(conformantRun())
      writeFileSync(join(outside, 'x-result.json'), '"0x0123456789abcdef0123456789abcdef"')
      symlinkSync(outside, join(from, 'allure-results'))
      const one = await writeReports(from, { programs: noJava })
      expect(one.errors.map(({ message }) => message).join()).to.contain('allure-results is a symbolic link')
      rmSync(join(from, 'allure-results'))
      mkdirSync(join(from, 'allure-results'))
      symlinkSync(join(outside, 'environment'), join(from, 'allure-results', 'environment.properties'))
      const other = await writeReports(from, { programs: noJava })
      expect(other.errors.map(({ message }) => message).join()).to.contain('is a symbolic link')
      expect(existsSync(join(outside, 'environment'))).to.equal(false)
      expect(readdirSync(outside).sort()).to.deep.equal(['secret', 'x-result.json'])
      expect(readFileSync(join(outside, 'x-result.json'), 'utf8')).to.contain('0x0123456789')
    })

    it('is refused when run.json is huge, a pipe or a device', async () => {
      const file = join(from, 'run.json')
      const refused = async (what: string): Promise<void> => {
        expect((await refusal(readRun(from))).message).to.contain(what)
        rmSync(file)
      }
      writeFileSync(file, '')
      truncateSync(file, 2 ** 40)
      await refused('it is larger than 32 MiB')
      execFileSync('mkfifo', [file])
      await refused('it is a named pipe')
      symlinkSync('/dev/zero', file)
      await refused('it is a device')
    })
  })

  describe('as run.json', () => {
    it('is refused when it is nested too deep, wherever it is', () => {
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
      for (const text of [
        deep,
        `{"schemaVersion":${deep}}`,
        JSON.stringify({ ...conformantRun(), later: 'X' }).replace('"X"', deep),
      ]) {
        const error = parseRefusal(text)
        expect(error.code).to.equal('RUN_TOO_LARGE')
        expect(error.message).to.contain('it is nested more than 64 deep')
      }
    })

    it('is refused when it holds too many values, too long a text or too much of a kind', () => {
      const huge = JSON.stringify({ ...conformantRun(), later: 'X' }).replace(
        '"X"',
        `[${'0,'.repeat(runBounds.mostValues)}0]`,
      )
      expect(parseRefusal(huge).message).to.contain('it holds more than 1000000 values')
      const long = 'x'.repeat(runBounds.longestTextCharacters + 1)
      for (const later of [long, { [long]: 1 }]) {
        expect(parseRefusal(JSON.stringify({ ...conformantRun(), later })).message).to.contain(
          'a text in it has 1048577 characters',
        )
      }
      const record = conformantRun()
      const step = { what: 's', startedAt: record.startedAt, durationMs: 1, outcome: 'done' } as const
      record.steps = Array.from({ length: runBounds.mostEvents + 1 }, () => step)
      expect(parseRefusal(JSON.stringify(record)).message).to.contain('it has 20001 steps, more than 20000')
    })
  })
})
