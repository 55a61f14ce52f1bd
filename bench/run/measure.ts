import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Command {
  readonly words: readonly string[]
  readonly folder: string
  /** Beside this process's own, of which what npm set is left out. */
  readonly environment?: Readonly<Record<string, string>>
  /** Exit codes that are no error; 0 alone by default. */
  readonly expected?: readonly number[]
}

/** What a command cost, in seconds. */
export interface Cost {
  readonly wallSeconds: number
  /** User and system time of the command and of all that it and its children waited for; not of what it left running. */
  readonly cpuSeconds: number
  /** User and system time of the whole machine meanwhile: with guests of labs, and with whatever else ran. */
  readonly machineSeconds: number
  /** Milliseconds of processor time that the same work took before and after it, see `fixedWorkMs`. */
  readonly fixedWorkMs: readonly number[]
}

export interface Measured extends Cost {
  readonly exitCode: number
  /** Both streams. */
  readonly output: string
}

/** bash knows what its children used, and every Debian and Ubuntu has it. */
const timed =
  'log=$1 times=$2; shift 2; TIMEFORMAT="%R %U %S"; { time "$@" </dev/null >"$log" 2>&1; } 2>"$times"'

/**
 * Runs a command to its end. It is interrupted as by Ctrl-C with the signal, and awaited then, too: it may have a lab to end.
 *
 * @throws Error with the end of its output for an exit code that is not expected; the signal's reason
 */
export async function measure(command: Command, signal: AbortSignal): Promise<Measured> {
  signal.throwIfAborted()
  const { words, folder, environment = {}, expected = [0] } = command
  const place = mkdtempSync(join(tmpdir(), 'swarmproof-measured-'))
  const [log, times] = [join(place, 'log'), join(place, 'times')]
  try {
    const workBefore = fixedWorkMs()
    const machineBefore = machineSeconds()
    // A group of its own: Ctrl-C comes by the signal alone, and once.
    const child = spawn('bash', ['-c', timed, 'bash', log, times, ...words], {
      cwd: folder,
      env: { ...inherited(process.env), ...environment },
      stdio: 'ignore',
      detached: true,
    })
    const interrupt = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT')
    }
    signal.addEventListener('abort', interrupt)
    const [exitCode] = (await once(child, 'close')) as [number | null]
    signal.removeEventListener('abort', interrupt)
    const machineAfter = machineSeconds()
    signal.throwIfAborted()
    const output = readFileSync(log, 'utf8')
    if (!expected.includes(exitCode ?? -1))
      throw new Error(
        `${words.join(' ')}\nin ${folder} ended with exit code ${exitCode}:\n${output.slice(-4000)}`,
      )
    const [wallSeconds = NaN, user = NaN, system = NaN] = readFileSync(times, 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number)
    return {
      ...{ wallSeconds, cpuSeconds: user + system, machineSeconds: machineAfter - machineBefore },
      fixedWorkMs: [workBefore, fixedWorkMs()],
      ...{ exitCode: exitCode ?? -1, output },
    }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function inherited(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => name !== 'NODE_OPTIONS' && !name.startsWith('npm_')),
  )
}

/** Of /proc/stat, whose ticks are hundredths of a second for every program: all but idle time, and waiting for disks. */
function machineSeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , hardIrq = 0, softIrq = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + hardIrq + softIrq) / 100
}

/**
 * How fast the machine is just now: milliseconds of processor time that a loop takes which is the same each time, the least
 * of five. A machine that others share may be half as fast for minutes, which no time that it reports as stolen need show.
 */
export function fixedWorkMs(): number {
  const once = (): number => {
    const began = process.cpuUsage()
    let word = 1
    for (let round = 0; round < 20_000_000; round++) word = (Math.imul(word, 1_664_525) + 1_013_904_223) | 0
    const { user, system } = process.cpuUsage(began)
    // Asked for, so that no compiler leaves the loop out.
    return word === 0 ? NaN : (user + system) / 1000
  }
  return Math.min(once(), once(), once(), once(), once())
}
