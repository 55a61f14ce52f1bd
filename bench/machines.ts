/**
 * Two emulated machines of the same image side by side, one as labs have it and one with something changed: what each
 * costs in processor time while it does what labs do.
 *
 *     npm run bench:machines -- [--kernel WORDS] [--engine JSON] [--environment NAME=VALUE...] [--prepare FILE]
 *                               [--rounds N] [--json]
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createOverlay } from '../lib/host/vm/disk.ts'
import { endProcessesUsing } from '../lib/host/vm/end-lab.ts'
import type { GuestAgent } from '../lib/host/vm/guest-agent.ts'
import { bootedAgent, runInGuest, startEngine } from '../lib/host/vm/guest-boot.ts'
import { guestMacAddress } from '../lib/host/vm/machine-arguments.ts'
import { type Machine, type MachineContext, startMachine } from '../lib/host/vm/machine.ts'
import { guestWarmUpScript } from '../lib/host/vm/template.ts'
import { labImage } from '../lib/loaded-image.ts'
import { median } from '../lib/median.ts'
import { silentProgress } from '../lib/progress.ts'
import { scriptLines, sh } from '../lib/script.ts'
import { scriptFile } from '../lib/script-file.ts'
import { ensureSetup } from '../lib/setup/setup.ts'
import { restartEngineScript } from '../lib/swarm/restart-engine.ts'

const usage = `Usage: npm run bench:machines -- [--kernel WORDS] [--engine JSON] [--environment NAME=VALUE...]
                                  [--prepare FILE] [--rounds N] [--json]

--kernel       words added to the kernel's command line of the changed machine
--engine       the daemon.json of its engine
--environment  of its QEMU
--prepare      a shell script that it runs before its engine is used
--rounds       2 where nothing is said; after each the machines change places

Each machine has a processor of this one to itself. Run nothing else meanwhile.
`

const parts = ['idle', 'create', 'replace', 'remove', 'run'] as const
type Part = (typeof parts)[number]
type Side = 'usual' | 'changed'

/** Seconds of processor time, and of the clock, that one part took on one side. */
interface Measured {
  readonly round: number
  readonly part: Part | 'boot'
  readonly side: Side
  readonly cpuSeconds: number
  readonly wallSeconds: number
}

interface Changes {
  readonly kernel: string
  readonly engine: string
  readonly prepare: string
  readonly environment: Readonly<Record<string, string>>
}

interface Standing {
  readonly side: Side
  readonly machine: Machine
  readonly agent: GuestAgent
}

/** A mistake in what was given, or what went wrong: without the place in these sources. */
function refuse(error: unknown, exitCode: number): never {
  const said = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${said}\n${exitCode === 64 ? usage : ''}`)
  process.exit(exitCode)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function given(): { readonly changes: Changes; readonly rounds: number; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        kernel: { type: 'string', default: '' },
        engine: { type: 'string', default: '' },
        prepare: { type: 'string' },
        environment: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string', default: '2' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const rounds = Number(values.rounds)
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20)
      throw new Error('--rounds is a number from 1 to 20')
    if (values.engine !== '' && !isJson(values.engine)) throw new Error(`--engine ${values.engine}: not JSON`)
    const environment = values.environment.map((word): [string, string] => {
      const at = word.indexOf('=')
      if (at < 1) throw new Error(`--environment ${word}: not NAME=VALUE`)
      return [word.slice(0, at), word.slice(at + 1)]
    })
    const { kernel, engine, json } = values
    if (values.prepare !== undefined && !existsSync(values.prepare))
      throw new Error(`--prepare ${values.prepare}: no such file`)
    const prepare = values.prepare === undefined ? '' : readFileSync(values.prepare, 'utf8')
    return {
      changes: { kernel, engine, prepare, environment: Object.fromEntries(environment) },
      rounds,
      json,
    }
  } catch (error) {
    return refuse(error, 64)
  }
}

/** User and system time of a process and of all its threads, in seconds; the kernel counts in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function pin({ machine }: Standing, processor: number): void {
  const words = ['--all-tasks', '--pid', '--cpu-list', String(processor), String(machine.process.pid)]
  execFileSync('taskset', words, { stdio: 'ignore' })
}

async function start(
  side: Side,
  changes: Changes | undefined,
  folder: string,
  context: MachineContext,
): Promise<Standing> {
  const { emulator, image, signal } = context
  const path = (name: string): string => join(folder, `${side}.${name}`)
  await createOverlay(emulator, image.disk, 'raw', path('qcow2'), signal)
  const environment = { ...emulator.environment, ...changes?.environment }
  const machine = await startMachine(
    {
      name: side,
      shape: { accelerator: 'tcg', memoryMib: 1024, cpus: 1, underlayCards: 1 },
      disk: path('qcow2'),
      diskFormat: 'qcow2',
      serialLog: path('console'),
      qmpSocket: path('qmp'),
      agentSocket: path('agent'),
      managementMac: guestMacAddress(0xffff, 0),
      underlays: [{ mac: guestMacAddress(0xffff, 1) }],
      incoming: false,
      ...(changes === undefined ? {} : { kernelParameters: changes.kernel }),
    },
    path('log'),
    { ...context, emulator: { ...emulator, environment } },
  )
  return { side, machine, agent: await bootedAgent(machine, context) }
}

/** The engine with another configuration. */
const reconfigure = (json: string): string =>
  scriptLines([sh`mkdir -p /etc/docker && printf %s ${json} > /etc/docker/daemon.json`, restartEngineScript])
    .text

async function main(): Promise<void> {
  const { changes, rounds, json } = given()
  if (cpus().length < 2) refuse('two processors are needed, one for each machine', 70)
  const interruption = new AbortController()
  const { signal } = interruption
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => interruption.abort(new Error(`ended by ${name}`)))
  const context = { ...(await ensureSetup({ progress: silentProgress, signal })), signal }
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-machines-'))
  const measured: Measured[] = []
  const note = (text: string): void => void process.stderr.write(`  ${text}\n`)
  try {
    note('booting two machines')
    const booted = await Promise.all([
      start('usual', undefined, folder, context),
      start('changed', changes, folder, context),
    ])
    const timed = async (part: Measured['part'], round: number, script: string): Promise<void> => {
      note(round === 0 ? part : `round ${round}: ${part}`)
      const did = await Promise.all(
        booted.map(async ({ side, machine, agent }) => {
          const [before, began] = [cpuSeconds(machine.process.pid), performance.now()]
          await runInGuest(agent, machine, part, script, { timeoutMs: 300_000, signal })
          const wallSeconds = (performance.now() - began) / 1000
          return {
            ...{ round, part, side, wallSeconds },
            cpuSeconds: cpuSeconds(machine.process.pid) - before,
          }
        }),
      )
      measured.push(...did)
    }
    const { machine: changed, agent: toChanged } = booted[1]
    const change = async (what: string, script: string): Promise<void> => {
      await runInGuest(toChanged, changed, what, script, { timeoutMs: 180_000, signal })
    }
    if (changes.prepare !== '') await change('preparing', changes.prepare)
    if (changes.engine !== '') await change('configuring the engine', reconfigure(changes.engine))
    const warmUp = guestWarmUpScript(context.image).text
    await Promise.all(booted.map(({ agent, machine }) => startEngine(agent, machine, warmUp, signal)))
    for (const { side, machine } of booted) {
      const cost = { cpuSeconds: cpuSeconds(machine.process.pid), wallSeconds: 0 }
      measured.push({ round: 0, part: 'boot', side, ...cost })
    }
    const script = (part: string): string =>
      scriptLines([scriptFile(import.meta.url, 'machines.sh', { part, image: labImage })]).text
    for (const { agent, machine } of booted)
      await runInGuest(agent, machine, 'making a swarm', script('swarm'), { timeoutMs: 120_000, signal })
    for (let round = 1; round <= rounds; round++) {
      booted.forEach((one, index) => pin(one, (index + round) % 2))
      for (const part of parts) await timed(part, round, script(part))
    }
    for (const { agent, machine } of booted) {
      agent[Symbol.dispose]()
      machine[Symbol.dispose]()
    }
  } finally {
    await endProcessesUsing(folder)
    rmSync(folder, { recursive: true, force: true })
  }
  if (json) process.stdout.write(`${JSON.stringify(measured, undefined, 1)}\n`)
  else process.stdout.write(table(measured, rounds))
}

/** A row a part and round, and the ratios of all rounds: below 1 where the changed machine costs less. */
function table(measured: readonly Measured[], rounds: number): string {
  const of = (part: Measured['part'], round: number, side: Side): Measured | undefined =>
    measured.find((one) => one.part === part && one.round === round && one.side === side)
  const rows: string[] = ['           round   usual s   changed s   ratio   (processor time)']
  const row = (part: string, round: string, usual: number, changed: number): void => {
    const figures = [usual.toFixed(1).padStart(9), changed.toFixed(1).padStart(11)]
    const ratio = usual > 0 ? (changed / usual).toFixed(2) : ''
    rows.push(`${part.padEnd(10)} ${round.padStart(5)} ${figures.join(' ')} ${ratio.padStart(7)}`)
  }
  const ratios: number[] = []
  const boot = (side: Side): number => of('boot', 0, side)?.cpuSeconds ?? 0
  row('boot', '', boot('usual'), boot('changed'))
  for (let round = 1; round <= rounds; round++) {
    const sums = { usual: 0, changed: 0 }
    for (const part of parts) {
      const [usual, changed] = [of(part, round, 'usual'), of(part, round, 'changed')]
      if (usual === undefined || changed === undefined) continue
      row(part, String(round), usual.cpuSeconds, changed.cpuSeconds)
      sums.usual += usual.cpuSeconds
      sums.changed += changed.cpuSeconds
    }
    row('all', String(round), sums.usual, sums.changed)
    ratios.push(sums.changed / sums.usual)
  }
  rows.push(`median of the ratios of the rounds: ${median(ratios).toFixed(2)}`)
  return `${rows.join('\n')}\n`
}

await main().catch((error: unknown) => refuse(error, 70))
