/**
 * This commit beside an earlier one, in pairs that take turns: ratios of time to those that are aimed at, and how much both
 * send, record and wait for. Exit code 1 where a target is missed or a count is lower without a decision record.
 *
 *     npm run bench:run [-- CASE...] [--pairs N] [--against COMMIT] [--hosts ID] [--cache FOLDER] [--no-beside] [--dry] [--json]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { cacheDirectory } from '../lib/setup/directories.ts'
import type { Bench, Case, OpenCase, Side, Trial } from './run/bench.ts'
import { checkOut, commitOf, git, programOf } from './run/checkout.ts'
import { compareCounts } from './run/counts.ts'
import { freshCases } from './run/fresh-cases.ts'
import { labCases } from './run/lab-cases.ts'
import { measure } from './run/measure.ts'
import type { Command, Measured } from './run/measure.ts'
import { processCases } from './run/process-cases.ts'
import { isGood, judgeTarget, type Result, tell } from './run/table.ts'

const all = [...processCases, ...labCases, ...freshCases]
/** Of what takes longer three pairs suffice. */
const longSeconds = 300
const [usualPairs, pairsOfLong] = [5, 3]

const usage = `Usage: npm run bench:run [-- CASE...] [--pairs N] [--against COMMIT] [--hosts vm|container] [--cache FOLDER]
                         [--no-beside] [--dry] [--json]

${all.map(({ name, about }) => `  ${name.padEnd(16)}${about}`).join('\n')}

All of them without a CASE, which takes many hours: npm-start and npm-test build labs, and so do quick, standard and validate.
Both commits are checked out and measured there: what is not committed is not measured. Ctrl-C ends labs and removes the
checkouts. --cache keeps emulator, image and saved labs of both, each in a folder of its own. --no-beside leaves out what
this commit has beside, which is measured once. --dry prints the commands.
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pairs: { type: 'string' },
      against: { type: 'string', default: '481febf' },
      hosts: { type: 'string' },
      cache: { type: 'string', default: join(cacheDirectory(), 'bench') },
      'no-beside': { type: 'boolean', default: false },
      dry: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(usage)
  const cases = positionals.length === 0 ? all : positionals.map(caseOf)
  const pairs = values.pairs === undefined ? undefined : Number(values.pairs)
  if (pairs !== undefined && !(Number.isInteger(pairs) && pairs > 0)) refuse('--pairs takes a number from 1')
  const against = commitGiven(values.against)
  const interruption = interrupting()
  const note = (text: string): void => void process.stderr.write(`  ${text}\n`)
  if (git('status', '--porcelain', '--untracked-files=no') !== '')
    note('what is not committed is not measured')
  const scratch = mkdtempSync(join(tmpdir(), 'swarmproof-bench-'))
  const checkouts: Disposable[] = []
  const run = (command: Command, signal: AbortSignal): Promise<Measured> => {
    if (!values.dry) return measure(command, signal)
    process.stdout.write(`${command.words.join(' ')}\n`)
    const none = { wallSeconds: NaN, cpuSeconds: NaN, machineSeconds: NaN, fixedWorkMs: [] }
    return Promise.resolve({ ...none, exitCode: 0, output: '' })
  }
  const side = async (name: Side['name'], commit: string): Promise<Side> => {
    note(`checking out ${commit.slice(0, 7)} and installing its packages`)
    const checkout = checkOut(commit, join(scratch, name))
    checkouts.push(checkout)
    const { folder } = checkout
    // Whatever is measured later, packages are there.
    await measure({ words: [process.execPath, programOf(folder), '--version'], folder }, interruption)
    const place = join(resolve(values.cache), name === 'now' ? name : commit.slice(0, 12))
    mkdirSync(place, { recursive: true })
    const environment = {
      SWARMPROOF_CACHE: join(place, 'cache'),
      SWARMPROOF_STATE: join(place, 'state'),
    }
    return { name, commit, folder, environment }
  }
  try {
    const bench: Bench = {
      earlier: await side('earlier', against),
      now: await side('now', commitOf('HEAD')),
      scratch,
      hosts: values.hosts === undefined ? [] : ['--hosts', values.hosts],
      isDry: values.dry,
      note,
      run: (command) => run(command, interruption),
      finish: async (command) => {
        await run(command, new AbortController().signal).catch((error: unknown) => note(String(error)))
      },
      checkOut: ({ commit, folder }) => checkOut(commit, folder),
    }
    const results: Result[] = []
    for (const one of cases) {
      try {
        await using open = await one.open(bench)
        const result = await resultOf(one, open, { bench, pairs, withBeside: !values['no-beside'] })
        results.push(result)
        if (!values.json && !values.dry) process.stdout.write(`${tell(result, one)}\n\n`)
      } catch (error) {
        if (interruption.aborted) throw error
        // The others may take hours, and are not to be lost for this one.
        process.stderr.write(
          `bench:run: ${one.name}: ${error instanceof Error ? error.message : String(error)}\n`,
        )
        process.exitCode = 70
      }
    }
    if (values.json) process.stdout.write(`${JSON.stringify(results, undefined, 1)}\n`)
    if (!values.dry && !results.every(isGood)) process.exitCode ??= 1
  } finally {
    for (const checkout of checkouts) checkout[Symbol.dispose]()
    rmSync(scratch, { recursive: true, force: true })
  }
}

interface Settings {
  readonly bench: Bench
  readonly pairs: number | undefined
  readonly withBeside: boolean
}

async function resultOf(one: Case, open: OpenCase, { bench, pairs, withBeside }: Settings): Promise<Result> {
  const trials: Record<string, Trial[]> = Object.fromEntries(one.parties.map((party) => [party, []]))
  let wanted = bench.isDry ? 1 : (pairs ?? usualPairs)
  for (let round = bench.isDry ? 0 : -one.warmUps; round < wanted; round++) {
    const order = round % 2 === 0 ? one.parties : one.parties.toReversed()
    for (const party of order) {
      if (round >= 0 && !bench.isDry) bench.note(`${one.name}, pair ${round + 1}: ${party}`)
      const trial = await open.run(party)
      if (round >= 0) trials[party]?.push(trial)
    }
    const isLong = Object.values(trials).some(([first]) => (first?.wallSeconds ?? 0) > longSeconds)
    if (round === 0 && isLong && pairs === undefined) wanted = pairsOfLong
  }
  const counted = (party: string): NonNullable<Trial['counted']>[] =>
    (trials[party] ?? []).flatMap((trial) => trial.counted ?? [])
  const [earlier, now] = [counted('earlier'), counted('now')]
  const beside = withBeside ? await open.beside?.() : undefined
  return {
    ...{ name: one.name, about: one.about, trials },
    targets: one.targets.map((target) => judgeTarget(target, trials)),
    counts: earlier.length === 0 || now.length === 0 ? [] : compareCounts(one.name, earlier, now),
    ...(beside === undefined ? {} : { beside }),
  }
}

function commitGiven(name: string): string {
  try {
    return commitOf(name)
  } catch {
    return refuse(
      `no commit '${name}' in this repository; of a shallow clone, \`git fetch --unshallow\` gets all`,
    )
  }
}

function caseOf(name: string): Case {
  const found = all.find((one) => one.name === name)
  return found ?? refuse(`unknown case '${name}'; valid: ${all.map((one) => one.name).join(', ')}`)
}

function refuse(why: string): never {
  process.stderr.write(`bench:run: ${why}\n`)
  process.exit(64)
}

/** The first Ctrl-C ends what runs, labs too, and removes the checkouts. */
function interrupting(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      process.exitCode = 130
      controller.abort(new Error('interrupted'))
    })
  return controller.signal
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench:run: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode ??= 70
})
