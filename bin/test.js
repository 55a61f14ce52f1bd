#!/usr/bin/env node
/**
 * The whole test command: formatting, lint, types, unit tests, and tests on a real lab. Ends with a plain line
 * `N passed, N failed`. Arguments: `--quick` leaves the lab out.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ensurePackages, root } from './bootstrap.js'

const quick = process.argv.includes('--quick')
const colours = process.stdout.isTTY ? '--color' : '--no-color'
const tool = (name) => join(root, 'node_modules', '.bin', name)

ensurePackages()

/** Each check counts as one test; mocha's runs count what they ran. */
const checks = [
  {
    name: 'set-up',
    command: process.execPath,
    words: [join(root, 'bin', 'swarmproof.js'), 'setup', ...(quick ? [] : ['--tests'])],
  },
  { name: 'formatting', command: tool('prettier'), words: ['--check', '--log-level', 'warn', '.'] },
  { name: 'lint', command: tool('eslint'), words: ['--max-warnings', '0', '.'] },
  { name: 'types', command: tool('tsc'), words: ['--noEmit'] },
  {
    name: 'unit tests',
    command: tool('mocha'),
    words: [colours, '--forbid-only', 'lib/**/*.test.ts', 'suites/**/*.test.ts'],
    counts: true,
  },
]
if (!quick) {
  checks.push({
    name: 'lab tests',
    command: tool('mocha'),
    words: [
      colours,
      '--forbid-only',
      '--config',
      '.mocharc.lab.json',
      'lib/**/*.lab.ts',
      'suites/**/*.lab.ts',
    ],
    counts: true,
  })
}

const total = { passed: 0, failed: 0, skipped: 0 }
let child
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child?.kill(name))

for (const check of checks) {
  const startedAt = Date.now()
  console.log(`\n== ${check.name}`)
  const { exitCode, output } = await run(check)
  const counted = check.counts ? mochaCounts(output) : undefined
  const failed = exitCode !== 0
  total.passed += counted?.passed ?? (failed ? 0 : 1)
  total.failed += Math.max(counted?.failed ?? 0, failed ? 1 : 0)
  total.skipped += counted?.skipped ?? 0
  if (check.counts && counted.passed + counted.failed === 0) {
    console.log(`${check.name}: no test ran`)
    total.failed += failed ? 0 : 1
  }
  console.log(
    `== ${check.name} ${failed ? 'FAILED' : 'ok'} in ${Math.round((Date.now() - startedAt) / 1000)} s`,
  )
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exit(total.failed === 0 ? 0 : 1)

function run({ command, words }) {
  return new Promise((resolve) => {
    child = spawn(command, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks = []
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk)
      chunks.push(chunk)
    })
    child.on('error', (error) => resolve({ exitCode: 127, output: String(error) }))
    child.on('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(chunks).toString() }))
  })
}

function mochaCounts(output) {
  const plain = stripVTControlCharacters(output)
  const count = (word) => Number(new RegExp(`^\\s+(\\d+) ${word}\\b`, 'm').exec(plain)?.[1] ?? 0)
  return { passed: count('passing'), failed: count('failing'), skipped: count('pending') }
}
