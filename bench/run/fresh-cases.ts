import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Case, Side, Trial } from './bench.ts'
import { git, programOf } from './checkout.ts'
import { sharedRequirements, sideOf } from './lab-cases.ts'

/** What is done in a checkout that is new each time. */
export const freshCases: readonly Case[] = [
  {
    name: 'npm-start',
    about:
      'the first `npm start` after a checkout, of the requirements both have: packages, guest image and lab are made; what apt installed and npm fetched before is there',
    parties: ['earlier', 'now'],
    targets: [{ figure: 'wall', of: 'earlier', most: 0.6 }],
    warmUps: 0,
    async open(bench) {
      const { both } = sharedRequirements(bench, 'standard')
      return {
        run: (party) => firstStart(bench, sideOf(bench, party), both),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }
    },
  },
  {
    name: 'npm-test',
    about:
      '`npm test` of the test files both have, those that were renamed or grew since with what is new in them',
    parties: ['earlier', 'now'],
    targets: [{ figure: 'wall', of: 'earlier', most: 0.6 }],
    warmUps: 0,
    async open(bench) {
      await prepareForTests(bench, bench.earlier)
      await prepareForTests(bench, bench.now)
      const added = newTestFiles(bench)
      return {
        run: (party) => test(bench, sideOf(bench, party), party === 'now' ? added : []),
        beside: async () => {
          const { wallSeconds, cpuSeconds, told } = await test(bench, bench.now, [])
          return `with ${added.length} new test files: ${wallSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, ${told ?? ''}`
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }
    },
  },
]

async function firstStart(bench: Bench, side: Side, only: readonly string[]): Promise<Trial> {
  const place = mkdtempSync(join(bench.scratch, 'first-'))
  using checkout = bench.checkOut({ ...side, folder: join(place, 'checkout') })
  try {
    return await bench.run({
      words: ['npm', 'start', '--', ...bench.hosts, '--only', ...only],
      folder: checkout.folder,
      environment: { SWARMPROOF_CACHE: join(place, 'cache'), SWARMPROOF_STATE: join(place, 'state') },
      expected: [0, 1, 2],
    })
  } finally {
    rmSync(join(place, 'cache'), { recursive: true, force: true })
    rmSync(join(place, 'state'), { recursive: true, force: true })
  }
}

/** Tools, guest image and template, so that the first turn has what the others have. */
async function prepareForTests(bench: Bench, { name, folder, environment }: Side): Promise<void> {
  bench.note(`preparing the tests of ${name}`)
  await bench.run({ words: [process.execPath, programOf(folder), 'setup', '--tests'], folder, environment })
}

/** Files of tests that the earlier commit has under no name. */
function newTestFiles({ earlier, now }: Bench): readonly string[] {
  const files = ['--', '*.test.ts', '*.lab.ts']
  const found = git(
    'diff',
    '--name-only',
    '--diff-filter=A',
    '-M',
    '-l0',
    earlier.commit,
    now.commit,
    ...files,
  )
  return found.split('\n').filter((file) => file !== '')
}

async function test(bench: Bench, side: Side, without: readonly string[]): Promise<Trial> {
  const place = mkdtempSync(join(bench.scratch, 'tested-'))
  using checkout = bench.checkOut({ ...side, folder: join(place, 'checkout') })
  const { folder } = checkout
  if (!bench.isDry) for (const file of without) rmSync(join(folder, file))
  const { environment } = side
  // Packages before the time is taken.
  await bench.run({ words: [process.execPath, programOf(folder), '--version'], folder, environment })
  const measured = await bench.run({ words: ['npm', 'test'], folder, environment, expected: [0, 1] })
  const told = /^\d+ passed, \d+ failed.*$/m.exec(measured.output)?.[0]
  return { ...measured, ...(told === undefined ? {} : { told }) }
}
