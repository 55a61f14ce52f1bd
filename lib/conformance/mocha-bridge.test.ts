import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runWithMocha } from './mocha-bridge.ts'
import type { Suite } from './suite.ts'
import { exampleRequirement } from './requirement.fake.ts'
import { exampleVerdict } from './verdict.fake.ts'
import type { Verification } from './verify.ts'
import type { Outcome } from './verdict.ts'

const outcomes: Readonly<Record<string, Outcome>> = {
  'AAA-01': 'pass',
  'AAA-02': 'fail',
  'AAA-03': 'skip',
  'AAA-04': 'inconclusive',
}

const suite: Suite = {
  group: 'AAA',
  title: 'first',
  tests: Object.keys(outcomes).map((id) =>
    exampleRequirement({
      id,
      requirement: 'A thing holds.',
      source: [{ document: 'made up' }],
      safety: 'production',
      needs: [],
      method: 'looking',
      usualCauses: [],
      remedy: [],
    }),
  ),
}

function verification(id: string): Verification {
  const outcome = outcomes[id] ?? 'inconclusive'
  return { verdict: exampleVerdict(outcome, `because ${id}`), generation: 0 }
}

function rethrow(error: unknown): void {
  throw error
}

describe('runWithMocha', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-bridge-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const run = async (
    bail: boolean,
    signal = new AbortController().signal,
    onTest = (): void => undefined,
    { allureResults = folder, onUnwritten = rethrow } = {},
  ) => {
    const seen: string[] = []
    await runWithMocha([suite], {
      lab: 'made-up',
      allureResults,
      bail,
      signal,
      onUnwritten,
      verify: async (test) => {
        seen.push(test.id)
        onTest()
        return verification(test.id)
      },
    })
    return seen
  }

  it('runs every test once, in order, and leaves Allure results that tell the outcomes apart', async () => {
    expect(await run(false)).to.deep.equal(Object.keys(outcomes))
    const statuses = readdirSync(folder)
      .filter((name) => name.endsWith('-result.json'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { name: string; status: string })
      .map(({ name, status }) => `${name.slice(0, 6)} ${status}`)
    expect(statuses.sort()).to.deep.equal([
      'AAA-01 passed',
      'AAA-02 failed',
      'AAA-03 skipped',
      'AAA-04 broken',
    ])
  })

  it('runs every test where the results for Allure cannot be written, and says so', async () => {
    writeFileSync(join(folder, 'file'), '')
    const unwritten: unknown[] = []
    const seen = await run(false, undefined, undefined, {
      allureResults: join(folder, 'file', 'results'),
      onUnwritten: (error) => void unwritten.push(error),
    })
    expect(seen).to.deep.equal(Object.keys(outcomes))
    expect(unwritten.map((error) => (error as NodeJS.ErrnoException).code)).to.include('ENOTDIR')
  })

  it('stops at the first failure with bail', async () => {
    expect(await run(true)).to.deep.equal(['AAA-01', 'AAA-02'])
  })

  it('starts no further test once aborted', async () => {
    const controller = new AbortController()
    const seen = await run(false, controller.signal, () => controller.abort())
    expect(seen).to.deep.equal(['AAA-01'])
  })
})
