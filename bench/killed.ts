import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import type { CleanedHosts } from '../lib/cli/cleaned-hosts.ts'
import { count } from '../lib/cli/count.ts'
import { givenHosts, type HostFlags, hostWords, withHostOptions } from '../lib/cli/given-hosts.ts'
import { commandLine } from '../lib/cli/shell-line.ts'
import { InputError, SwarmproofError, unknownName } from '../lib/error.ts'
import { standingLabs } from '../lib/host/standing-labs.ts'
import { packageRoot } from '../lib/package-root.ts'
import { sshClient } from '../lib/remote/open-ssh/connect.ts'
import type { Remote } from '../lib/remote/remote.ts'
import { scriptFile } from '../lib/script-file.ts'
import { type Ending, endings } from './killed-endings.ts'

/**
 * `npm run bench:killed -- HOSTS…`: what is left on hosts after `swarmproof validate` came to an end of any kind at a
 * random moment, what `swarmproof clean HOSTS` finds of it, and whether anything is left after that. The hosts must be
 * in a swarm, or with `--init` in none, and nothing else may change them meanwhile. As root: that the disk here is full
 * is tried on a small one of its own.
 *
 * With `--lab` the hosts are those of a lab that stands (`swarmproof up`).
 */

/** Everything a run might leave, a line each. Ids of tasks and counters change by themselves and are not among it. */
const everything = scriptFile(import.meta.url, 'killed-everything.sh')

interface Flags extends HostFlags {
  readonly lab?: string | true
  readonly count: number
  readonly within: number
  readonly gone: number
  readonly seed: number
  readonly ending?: string[]
  readonly init?: true
  readonly only: string[]
}

/** One row of the table at the end. */
interface Told {
  readonly ending: string
  readonly victim: string
  readonly afterSeconds: number
  /** How the run ended: its exit code or the signal. */
  readonly exit: string
  /** How long it took to end after what befell it. */
  readonly exitSeconds: number
  /** What a look found before `clean`, and how long after the ending. */
  readonly before: string
  readonly cleanSeconds: number
  readonly left: readonly string[]
}

async function main(given: readonly string[], flags: Flags): Promise<void> {
  const chosen = (flags.ending ?? endings.map(({ name }) => name)).map((name) => {
    const found = endings.find((one) => one.name === name)
    if (found === undefined)
      throw unknownName(
        'ending',
        name,
        endings.map((one) => one.name),
      )
    return found
  })
  const scratch = mkdtempSync(join(tmpdir(), 'swarmproof-killed-'))
  const { words, host } =
    flags.lab === undefined ? { words: [...given], host: flags } : await labHosts(flags.lab, scratch)
  const inventory = givenHosts(words, host)
  await using client = sshClient({
    signal: new AbortController().signal,
    ...(host.sshConfig === undefined ? {} : { configFile: host.sshConfig }),
    ...(host.knownHosts === undefined ? {} : { knownHostsFiles: host.knownHosts }),
  })
  const remotes = new Map<string, Remote>()
  for (const { name, destination } of inventory.hosts) remotes.set(name, await client.connect(destination))
  const random = generator(flags.seed)
  const names = [...remotes.keys()]
  let baseline = await lookAt(remotes)
  console.log(`${flags.count} endings on ${names.join(', ')}, seed ${flags.seed}`)
  const rows: Told[] = []
  const formerly = new Set<string>()
  let order: Ending[] = []
  for (let turn = 1; turn <= flags.count; turn += 1) {
    if (order.length === 0) order = shuffled(chosen, random)
    const ending = order.pop() as Ending
    const victim = names[Math.floor(random() * names.length)] as string
    const afterMs = Math.round(random() * flags.within * 1000)
    const hostFlags = hostWords(words, host)
    const row = await oneEnding(ending, {
      victim,
      afterMs,
      remotes,
      hostFlags,
      flags,
      baseline,
      formerly,
      scratch,
    })
    rows.push(row)
    for (const line of row.left) formerly.add(line.replace(' more: ', ' fewer: '))
    console.log(`${turn}. ${rowText(row)}`)
    for (const line of row.left) console.log(`   LEFT ${line}`)
    baseline = await lookAt(remotes)
  }
  rmSync(scratch, { recursive: true, force: true })
  tell(rows)
  process.exitCode = rows.some(({ left }) => left.length > 0) ? 1 : 0
}

/** Runs, each with a process group of its own: they would outlive this program. */
const underWay = new Set<ChildProcess>()

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(name, () => {
    for (const { pid } of underWay) if (pid !== undefined) process.kill(-pid, 'SIGINT')
    process.exit(130)
  })

interface Setting {
  readonly victim: string
  readonly afterMs: number
  readonly remotes: ReadonlyMap<string, Remote>
  readonly hostFlags: readonly string[]
  readonly flags: Flags
  readonly baseline: Look
  /** What an ending before this one left, as a line that says it is gone by now. */
  readonly formerly: ReadonlySet<string>
  readonly scratch: string
}

async function oneEnding(ending: Ending, setting: Setting): Promise<Told> {
  const { victim, afterMs, remotes: hosts, hostFlags, flags } = setting
  const folder = mkdtempSync(join(setting.scratch, 'reports-'))
  const over = await ending.prepare?.({ folder, hosts, victim })
  const start = (behind: readonly string[] = []): ChildProcess => {
    const words = [process.execPath, join(packageRoot(), 'bin', 'swarmproof.js'), 'validate', ...hostFlags]
    if (flags.init) words.push('--init', '--leave')
    words.push('--only', ...flags.only, '--report-dir', folder)
    const [program = '', ...rest] = behind.length === 0 ? words : [...behind, commandLine(words)]
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    underWay.add(child)
    child.once('exit', () => underWay.delete(child))
    for (const stream of [child.stdout, child.stderr]) stream?.resume()
    return child
  }
  const child = start(ending.behind)
  const others: ChildProcess[] = []
  const ended = once(child, 'exit')
  await Promise.race([ended, delay(afterMs)])
  const early = child.exitCode !== null
  const another = (): ChildProcess => {
    const second = start()
    others.push(second)
    return second
  }
  await ending.befall({ child, folder, hosts, victim, another })
  const befallenAt = performance.now()
  const exit = await exitOf(child, ended)
  const exitSeconds = Math.round((performance.now() - befallenAt) / 1000)
  for (const other of others) await exitOf(other, once(other, 'exit'))
  const found = clean([...hostFlags, '--dry-run'])
  const startedAt = performance.now()
  let left: string[]
  do {
    clean(hostFlags)
    await over?.().catch(() => undefined)
    left = changes(setting.baseline, await lookAt(hosts), ending.restarts === true).filter(
      (line) => !setting.formerly.has(line),
    )
    if (left.length > 0) await delay(3_000)
  } while (left.length > 0 && performance.now() - startedAt < flags.gone * 1000)
  rmSync(folder, { recursive: true, force: true })
  return {
    ...{ ending: ending.name, victim, afterSeconds: afterMs / 1000, exitSeconds, left },
    exit: early ? `${exit}, before it` : exit,
    before: typeof found === 'string' ? found : summaryOf(found),
    cleanSeconds: Math.round((performance.now() - startedAt) / 1000),
  }
}

/** How long a run may go on after what befell it, before it is asked to end, and then made to. */
const patienceMs = 240_000

/** Does not keep this program from ending once the run is over. */
const patience = (): Promise<void> => delay(patienceMs, undefined, { ref: false })

async function exitOf(child: ChildProcess, ended: Promise<unknown>): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) {
    await Promise.race([ended, patience()])
    for (const name of ['SIGINT', 'SIGKILL'] as const) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue
      process.kill(-child.pid, name)
      await Promise.race([ended, patience()])
    }
  }
  return child.signalCode ?? String(child.exitCode)
}

/** Runs the command as a user does. What it says where it fails is part of the table. */
function clean(words: readonly string[]): CleanedHosts | string {
  try {
    const program = join(packageRoot(), 'bin', 'swarmproof.js')
    const out = execFileSync(process.execPath, [program, 'clean', ...words, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 600_000,
    })
    return JSON.parse(out) as CleanedHosts
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    try {
      return JSON.parse(stdout) as CleanedHosts
    } catch {
      return `clean failed: ${stderr.trim().split('\n').at(-1) ?? ''}`
    }
  }
}

function summaryOf({ found, living, left }: CleanedHosts): string {
  const counts = new Map<string, number>()
  for (const { kind } of found) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const text = [...counts].map(([kind, number]) => `${number} ${kind}`).join(', ') || 'nothing'
  const unknown = left.length === 0 ? '' : `; ${left.length} hosts unknown`
  return `${text}${living.length === 0 ? '' : ' (its owner was not yet taken for dead)'}${unknown}`
}

/**
 * After a restart what hosts have of their own is not the same: only what bears names of runs counts. The stack of a lab
 * is called alike, and its tasks move.
 */
function changes(before: Look, after: Look, restarted: boolean): string[] {
  const all = differences(before, after)
  return restarted ? all.filter((line) => /more: .*(swarmproof|swp-[a-z0-9]{4}-)/.test(line)) : all
}

function rowText({
  ending,
  victim,
  afterSeconds,
  exit,
  exitSeconds,
  before,
  cleanSeconds,
  left,
}: Told): string {
  return `${ending} on ${victim} after ${afterSeconds} s (exit ${exit} ${exitSeconds} s later): ${before}; ${
    left.length === 0 ? `nothing ${cleanSeconds} s later` : `${left.length} left after ${cleanSeconds} s`
  }`
}

function tell(rows: readonly Told[]): void {
  console.log('\n| ending | host | after s | exit | s | left before clean | left after | s |')
  console.log('|---|---|--:|--:|--:|---|---|--:|')
  for (const { ending, victim, afterSeconds, exit, exitSeconds, before, cleanSeconds, left } of rows)
    console.log(
      `| ${ending} | ${victim} | ${afterSeconds} | ${exit} | ${exitSeconds} | ${before} | ${left.length === 0 ? 'nothing' : left.length} | ${cleanSeconds} |`,
    )
  const dirty = rows.filter(({ left }) => left.length > 0).length
  console.log(`\nsomething left after ${dirty} of ${rows.length}`)
}

/** Hosts of a lab that stands, as a file for the OpenSSH client has them. */
async function labHosts(
  named: string | true,
  scratch: string,
): Promise<{ words: string[]; host: HostFlags }> {
  const labs = standingLabs()
  const ids = (await labs.list()).map(({ id }) => id)
  const id = named === true ? ids[0] : ids.find((one) => one === named)
  if (id === undefined) throw unknownName('lab', String(named), ids)
  await using lab = await labs.attach(id)
  const members = lab.hosts.filter(({ node }) => node.role !== 'outsider')
  const config = join(scratch, 'ssh-config')
  const blocks = members.map(({ name }) => blockOf(name, lab.sshArguments(name)))
  writeFileSync(config, blocks.join('\n'), { mode: 0o600 })
  return { words: members.map(({ name }) => name), host: { sshConfig: config } }
}

function blockOf(name: string, words: readonly string[]): string {
  const lines = [`Host ${name}`]
  for (let index = 0; index < words.length; index += 1) {
    const [word = '', next = ''] = [words[index], words[index + 1]]
    const keyword = { '-i': 'IdentityFile', '-p': 'Port' }[word]
    if (keyword !== undefined) lines.push(`  ${keyword} ${next}`)
    else if (word === '-o') lines.push(`  ${next.replace('=', ' ')}`)
    else if (word.includes('@')) {
      const [user = '', address = ''] = word.split('@')
      lines.push(`  User ${user}`, `  HostName ${address}`)
    }
    if (word.startsWith('-') && word.length === 2) index += 1
  }
  return `${lines.join('\n')}\n`
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const rest = [...all]
  const order: T[] = []
  while (rest.length > 0) order.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return order
}

/** By host, how often each line is there. */
type Look = ReadonlyMap<string, ReadonlyMap<string, number>>

async function lookAt(remotes: ReadonlyMap<string, Remote>): Promise<Look> {
  const looks = await Promise.all(
    [...remotes].map(async ([name, remote]) => {
      const { stdout, stderr, exitCode } = await remote.exec(everything, { timeoutMs: 120_000 })
      // Of a host that cannot be looked at, nothing left would be said whatever is there.
      if (exitCode !== 0)
        throw new SwarmproofError({
          ...{ code: 'HOST_UNREADABLE', what: 'what is on the host cannot be listed', host: name },
          observed: stderr.trim(),
        })
      const lines = new Map<string, number>()
      for (const line of stdout.split('\n').filter(Boolean)) lines.set(line, (lines.get(line) ?? 0) + 1)
      return [name, lines] as const
    }),
  )
  return new Map(looks)
}

function differences(before: Look, after: Look): string[] {
  return [...after].flatMap(([host, lines]) => {
    const former = before.get(host) ?? new Map<string, number>()
    return [...new Set([...lines.keys(), ...former.keys()])].flatMap((line) => {
      const more = (lines.get(line) ?? 0) - (former.get(line) ?? 0)
      return more === 0 ? [] : [`${host}: ${more > 0 ? `${more} more` : `${-more} fewer`}: ${line}`]
    })
  })
}

/** Moments that can be had again: a linear congruential generator (Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

await withHostOptions(
  new Command('killed')
    .argument('[hosts...]')
    .option('--lab [id]', 'the hosts of a lab that stands')
    .option('--count <number>', 'how many endings', count, 10)
    .option('--ending <name...>', 'only these')
    .option('--init', 'the hosts are in no swarm: each run makes one and takes it down')
    .option('--only <id...>', 'requirements that are verified meanwhile', ['OVL-03'])
    .option('--within <seconds>', 'the latest moment of an ending', count, 120)
    .option('--gone <seconds>', 'how long `clean` is tried until nothing is left', count, 300)
    .option('--seed <number>', 'of endings, hosts and moments', count, 1),
)
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof SwarmproofError)) throw error
    console.error(`killed: ${error.message}`)
    process.exitCode = error instanceof InputError ? 64 : 70
  })
