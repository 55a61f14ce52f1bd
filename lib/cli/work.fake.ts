/**
 * A command that verifies a lab, for tests that send signals to it, close its terminal or fill its disk: the parts of
 * `swarmproof run` around a lab that needs no machine. `WORK_LOG` names a file that says what it came to.
 *
 *     node --import tsx lib/cli/work.fake.ts work MODE --report-dir FOLDER [--deadline 70s] [--json]
 *
 * | mode | what |
 * |---|---|
 * | verify | a lab stands; 12 requirements of 100 ms each, the first does not hold |
 * | hold | the same, and all of them hold |
 * | lab | a lab comes up and never ends doing so; taking it down takes 1.5 s |
 * | throw, reject | as `lab`, and an error that no code catches comes after half a second |
 * | fill | as `lab`, but the lab fails after half a second, and by then the disk of the reports is full |
 * | late | as `lab`, with a deadline for which cleaning up is to begin after half a second |
 * | hopeless | as `lab`, with a deadline half a second from now |
 */
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { labImage } from '../loaded-image.ts'
import type { ReadyLab } from '../conformance/bring-up.ts'
import { type FinishedRun, conformanceRun, planRun, type RunOptions } from '../conformance/run.ts'
import { type ConformanceTest, requirement } from '../conformance/test.ts'
import { judgement } from '../observation/judgement.ts'
import { containerOrigin } from '../host/container/origin.ts'
import type { Host, HostProvider, Lab } from '../host/host.ts'
import type { Progress } from '../progress.ts'
import { findTopology } from '../topology/find-topology.ts'
import { deadlineOption } from './deadline-option.ts'
import { closingMs, onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { runProgram } from './main.ts'
import { stdout } from './output.ts'
import { concludeRun } from './tell-run.ts'
import { style } from './terminal.ts'
import { verdictLines } from './verdict-lines.ts'

interface WorkFlags {
  readonly reportDir: string
  readonly deadline?: number
  readonly json?: true
}

function log(line: string): void {
  appendFileSync(process.env['WORK_LOG'] ?? '/dev/null', `${line}\n`)
}

const deadlines: Readonly<Record<string, () => number>> = {
  late: () => performance.now() + closingMs(0) + 500,
  hopeless: () => performance.now() + 500,
}

async function work(mode: string, flags: WorkFlags): Promise<void> {
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text), {
    deadlineMs: deadlines[mode]?.() ?? flags.deadline,
  })
  try {
    const finished = await verified(mode, {
      provider: provider(mode, flags.reportDir, interruption.signal),
      progress,
      signal: interruption.signal,
      fresh: true,
      keep: false,
      bail: false,
      timeoutMs: 60_000,
      reportDir: flags.reportDir,
      reproduce: 'swarmproof run',
      version: 'test',
      onVerdict: (requirement) => {
        if (!flags.json) progress.print(stdout, verdictLines(requirement, style(stdout)))
      },
    })
    log(`state ${finished.record.state}`)
    await concludeRun(finished, progress, flags.json === true)
  } finally {
    progress.close()
    interruption.release()
  }
}

const topology = findTopology('three-node')

async function verified(mode: string, options: RunOptions): Promise<FinishedRun> {
  const suites = [{ group: 'AAA', title: 'made up', tests: requirements(mode !== 'hold') }]
  if (mode !== 'verify' && mode !== 'hold')
    return planRun([{ name: 'three-node', topology, suites }], options)
  log('lab stands')
  try {
    return await conformanceRun({ ...options, topology, suites, raised: raisedLab() })
  } finally {
    log('LAB TAKEN DOWN')
  }
}

function requirements(firstFails: boolean): ConformanceTest[] {
  return Array.from({ length: 12 }, (_, index) =>
    requirement({
      id: `AAA-${String(index + 1).padStart(2, '0')}`,
      requirement: 'A thing holds.',
      source: [{ document: 'made up' }],
      safety: 'production',
      needs: [],
      method: 'looking',
      usualCauses: [],
      remedy: [],
      codes: ['not-delivered'],
      changes: [],
      quiet: [],
      reads: [],
      async observe({ signal }) {
        await delay(100, undefined, { signal })
        return { at: index }
      },
      judge: ({ at }) =>
        judgement({
          problems: firstFails && at === 0 ? [{ code: 'not-delivered', kind: 'missed' }] : [],
          conclusion: 'it holds',
        }),
    }),
  )
}

function raisedLab(): ReadyLab {
  const manager = { host: hostThat(() => Promise.reject(new Error('not asked'))), role: 'manager' }
  return {
    lab: { hosts: [], facts: {}, startedFrom: 'template' } as unknown as Lab,
    cluster: { manager, nodes: [], dataPathPort: 4789 } as unknown as ReadyLab['cluster'],
    stack: {
      ...{ networks: {}, services: {}, tasks: [], refused: [], names: { prefix: 'swp' } },
      probeTask: { image: labImage, nonce: '0123456789abcdef01234567' },
    } as unknown as ReadyLab['stack'],
    built: {} as ReadyLab['built'],
    states: new Map(),
  }
}

function hostThat(exec: () => Promise<never>): Host {
  const remote = { host: 'manager', exec, [Symbol.asyncDispose]: () => Promise.resolve() }
  const underlays = { [topology.swarm.advertise]: { address: '192.0.2.1', interface: 'eth1' } }
  const node = { role: 'manager' }
  return { name: 'manager', origin: containerOrigin, node, underlays, remote } as unknown as Host
}

function provider(mode: string, reportDir: string, signal: AbortSignal): HostProvider {
  const start = async (_: unknown, { progress }: { progress: Progress }): Promise<Lab> => {
    log('lab stands')
    const host = hostThat(async () => {
      // Commands of hosts do not end at once either.
      const until = mode === 'fill' ? performance.now() + 500 : Infinity
      while (!signal.aborted && performance.now() < until) {
        progress.note('still coming up')
        await delay(50)
      }
      throw new Error('the command was ended')
    })
    const dispose = async (): Promise<void> => {
      for (let count = 0; count < 15; count += 1) {
        progress.note('still going down')
        await delay(100)
      }
      log('LAB TAKEN DOWN')
    }
    if (mode === 'throw') {
      setTimeout(() => {
        throw new Error('a bug')
      }, 500)
    }
    if (mode === 'reject') setTimeout(() => void Promise.reject(new Error('a bug')), 500)
    if (mode === 'fill') fill(join(reportDir, 'fill'))
    return {
      id: 'lab-1',
      hosts: [host],
      topology,
      facts: {},
      [Symbol.asyncDispose]: dispose,
    } as unknown as Lab
  }
  return { kind: 'container', start } as unknown as HostProvider
}

function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    log(`disk ${(error as NodeJS.ErrnoException).code}`)
  } finally {
    closeSync(file)
  }
}

process.on('exit', (code) => log(`exit ${code}`))
const command = new Command('work')
  .argument('<mode>')
  .option('--report-dir <folder>', '', 'reports')
  .option('--json')
  .addOption(deadlineOption())
  .action(work)
await runProgram(() => new Command('test').addCommand(command), process.argv.slice(2))
