import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'

/**
 * @typedef Check
 * @property {string} name
 * @property {string} command
 * @property {readonly string[]} words
 * @property {string} [after] name of the check that must have ended before
 * @property {boolean} [alone] nothing runs beside it, and it begins when all before it have ended
 * @property {boolean} [live] its lines are printed as they come, each with its name
 * @property {string} [counts] what the tests that mocha counted in it are called; a check without counts as one test
 */

/** @param {string} signal */
export const exitCodeOf = (signal) => 128 + constants.signals[signal]

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs checks, no more than `atOnce` at a time, in their order as far as `after` and `alone` leave it. What a check
 * prints is kept until it ends and printed whole; one that is alone prints as it goes. A signal goes to all processes
 * of all checks, after which none begins; the same again, more than a second later, kills them.
 *
 * @param {readonly Check[]} checks
 * @param {{ atOnce: number, folder: string }} options
 */
export async function runSideBySide(checks, { atOnce, folder }) {
  const waiting = [...checks]
  const running = new Map()
  const ended = []
  let [signal, signalledAt] = [undefined, 0]
  const interrupt = (name) => {
    // npm and shells hand on what the terminal sent to all.
    if (name === signal && performance.now() - signalledAt < 1000) return
    for (const { child } of running.values()) end(child, name === signal ? 'SIGKILL' : name)
    if (name === signal) process.exit(exitCodeOf(signal))
    signal ??= name
    signalledAt = performance.now()
  }
  const beginWhatMay = () => {
    while (signal === undefined) {
      const index = startable(waiting, running, atOnce)
      if (index === -1) return
      const [check] = waiting.splice(index, 1)
      console.log(`\n== ${check.name} …`)
      const started = start(check, folder)
      running.set(check, started)
      // What a shell put into the background ignores SIGINT.
      started.child.on('exit', () => signal !== undefined && end(started.child, 'SIGKILL'))
    }
  }
  for (const name of signals) process.on(name, interrupt)
  try {
    for (beginWhatMay(); running.size > 0; beginWhatMay()) {
      const { check, exitCode, output, seconds } = await Promise.race(
        [...running.values()].map(({ outcome }) => outcome),
      )
      running.delete(check)
      // Mocha ends with 0 when it is interrupted.
      const isOk = exitCode === 0 && signal === undefined
      ended.push({ check, ...counted(check, isOk, output), ...(isOk ? {} : { said: saidLast(output) }) })
      if (!check.alone && output.trim() !== '')
        process.stdout.write(`\n== ${check.name}\n${output.replace(/\n*$/, '\n')}`)
      console.log(`== ${check.name} ${isOk ? 'ok' : 'FAILED'} in ${seconds} s`)
    }
  } finally {
    for (const name of signals) process.off(name, interrupt)
  }
  return { ended, signal }
}

/** Which of those that wait may begin now; -1 if none. */
function startable(waiting, running, atOnce) {
  if (running.size >= atOnce || [...running.keys()].some(({ alone }) => alone)) return -1
  const isOpen = (name) => [...waiting, ...running.keys()].some((check) => check.name === name)
  const index = waiting.findIndex(({ after, alone }) => alone || !isOpen(after))
  return waiting[index]?.alone && (running.size > 0 || index > 0) ? -1 : index
}

/** In a group of its own, so that a signal reaches what it started itself. */
function start(check, folder) {
  const { name, command, words, alone, live } = check
  const startedAt = performance.now()
  const child = spawn(command, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const chunks = []
  const take = (chunk) => {
    chunks.push(chunk)
    if (alone) process.stdout.write(chunk)
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (live) createInterface(stream).on('line', (line) => console.log(`${name}: ${line}`))
    else stream.on('data', take)
  }
  const outcome = new Promise((resolve) => {
    child.on('error', (error) => take(Buffer.from(`${error}\n`)))
    child.on('close', (exitCode) => {
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      resolve({ check, exitCode, output: Buffer.concat(chunks).toString(), seconds })
    })
  })
  return { child, outcome }
}

function end({ pid }, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** Lines that are told again of what failed. */
const mostLines = 60

/** What a check that failed said of it: from where mocha begins to list failures, or else its last lines. */
function saidLast(output) {
  const lines = stripVTControlCharacters(output).trimEnd().split('\n')
  const first = lines.findLastIndex((line) => /^\s+\d+ failing$/.test(line))
  if (first === -1) return lines.slice(-mostLines).join('\n')
  const left = lines.length - first - mostLines
  return [...lines.slice(first, first + mostLines), ...(left > 0 ? [`… and ${left} lines above`] : [])].join(
    '\n',
  )
}

/** Each check counts as one test; mocha's runs count what they ran. */
function counted(check, isOk, output) {
  const failed = isOk ? 0 : 1
  if (check.counts === undefined) return { passed: 1 - failed, failed, skipped: 0, ran: 1 }
  const plain = stripVTControlCharacters(output)
  const count = (word) => Number(new RegExp(`^\\s+(\\d+) ${word}\\b`, 'm').exec(plain)?.[1] ?? 0)
  const counts = { passed: count('passing'), failed: count('failing'), skipped: count('pending') }
  return { ...counts, failed: Math.max(counts.failed, failed), ran: counts.passed + counts.failed }
}
