#!/usr/bin/env node
/**
 * The whole test command: formatting, lint, types, unit tests, and tests on a real lab. What needs no lab runs side by
 * side, a process for each processor. Ends with a plain line `N passed, N failed`. Arguments: `--quick` leaves the lab
 * out, and what only labs need.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ensurePackages, root } from './bootstrap.js'
import { labTests } from './lab-tests.js'
import { exitCodeOf, runSideBySide } from './side-by-side.js'
import { unitTests } from './unit-tests.js'

const given = process.argv.slice(2)
const usage = `usage: npm test [-- --quick]

  --quick  without the lab tests, and without what only they need to be installed`
if (given.includes('--help') || given.includes('-h')) {
  console.log(usage)
  process.exit(0)
}
const unknown = given.filter((word) => word !== '--quick')
if (unknown.length > 0) {
  console.error(`${unknown.join(' ')} is no argument of the test command\n${usage}`)
  process.exit(64)
}
const quick = given.includes('--quick')
const atOnce = availableParallelism()

await ensurePackages()

const tool = (name, ...words) => ({ command: join(root, 'node_modules', '.bin', name), words })
const mocha = (...words) =>
  tool('mocha', process.stdout.isTTY ? '--color' : '--no-color', '--forbid-only', ...words)

// One file takes a fifth of the time; more parts than these would end no sooner.
const { parts, alone } = unitTests(root, Math.min(3 * atOnce, 12))
const checks = [
  {
    name: 'set-up',
    command: process.execPath,
    words: [join(root, 'bin', 'swarmproof.js'), 'setup', quick ? '--unit-tests' : '--tests'],
    live: true,
  },
  { name: 'lint', ...tool('eslint', '--max-warnings', '0', '.') },
  ...parts.map((files, index) => ({
    name: `unit tests ${index + 1}/${parts.length}`,
    ...mocha(...files),
    after: 'set-up',
    counts: 'unit tests',
  })),
  { name: 'formatting', ...tool('prettier', '--check', '--log-level', 'warn', '.') },
  { name: 'types', ...tool('tsc', '--noEmit') },
]
if (alone.length > 0)
  checks.push({ name: 'unit tests alone', ...mocha(...alone), counts: 'unit tests', alone: true })
if (!quick) {
  const words = ['--config', '.mocharc.lab.json', ...labTests(root)]
  checks.push({ name: 'lab tests', ...mocha(...words), counts: 'lab tests', alone: true })
}

const { ended, signal } = await runSideBySide(checks, { atOnce, folder: root })

const sum = (word, of = ended) => of.reduce((total, each) => total + each[word], 0)
let failed = sum('failed')
for (const tests of ['unit tests', ...(quick ? [] : ['lab tests'])]) {
  const of = ended.filter(({ check }) => check.counts === tests)
  if (signal !== undefined || sum('ran', of) > 0) continue
  console.log(`${tests}: no test ran`)
  if (sum('failed', of) === 0) failed += 1
}
// Thousands of lines stand above, and whoever keeps only the last of them wants to know as well.
for (const { check, said } of ended)
  if (said !== undefined && signal === undefined) console.log(`\n== ${check.name} FAILED:\n${said}`)
if (signal !== undefined) console.log(`\nended by ${signal}; not everything ran`)
const skipped = sum('skipped')
console.log(`\n${sum('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(signal === undefined ? Number(failed > 0) : exitCodeOf(signal))
