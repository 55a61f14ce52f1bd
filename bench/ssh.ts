import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { startLoopbackSshd, whyNoSshd } from '../lib/remote/loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../lib/remote/loopback-sshd.fake.ts'
import { hostSettings, openSshDefaults } from '../lib/remote/open-ssh/host-settings.ts'
import { knownHostCheck } from '../lib/remote/open-ssh/known-host-check.ts'
import type { ResolvedConfig } from '../lib/remote/open-ssh/resolved-config.ts'
import { sshHome } from '../lib/remote/open-ssh/ssh-home.fake.ts'
import type { SshHome } from '../lib/remote/open-ssh/ssh-home.fake.ts'
import { sshEnvironment } from '../lib/remote/open-ssh/ssh-environment.ts'
import type { Remote } from '../lib/remote/remote.ts'
import { sh } from '../lib/script.ts'

/**
 * `npm run bench:ssh`: a Remote next to the program `ssh` with a ControlMaster, to the same sshd on the loopback. In
 * turns, so that a busy machine is unfair to both alike. What is told is the ratio, turn by turn.
 */
const BYTES = 100_000_000
const ROUNDS = 9
const COMMANDS = 50
const PARALLEL = 20
const HOSTS = 200
const STREAM = sh`head -c ${BYTES} /dev/zero`
/** ssh2 takes the first cipher, OpenSSH by itself another one. */
const CIPHERS = {
  'ssh, its own choice of cipher': [],
  'ssh, the cipher of ssh2': ['-c', 'aes128-gcm@openssh.com'],
}

interface OpenSsh {
  readonly name: string
  readonly arguments: readonly string[]
}

async function main(): Promise<void> {
  const why =
    whyNoSshd() ?? (spawnSync('ssh', ['-V']).error === undefined ? undefined : 'ssh is not installed')
  if (why !== undefined) {
    console.error(`bench needs an OpenSSH client and server: ${why}`)
    process.exit(64)
  }
  // More sessions than by default, or the program would have to log in again for some of those side by side.
  await using sshd = await startLoopbackSshd(['MaxSessions 30'])
  using home = sshHome()
  home.trust(sshd)
  home.config('Host bench', '  HostName 127.0.0.1', `  Port ${sshd.target.port}`)
  await using client = home.client()
  const remote = await client.connect({ name: 'bench', hostname: 'bench', become: false })
  const clients = Object.entries(CIPHERS).map(([name, cipher], n) =>
    master(name, sshd, home.path('known_hosts'), join(home.home, `control${n}`), cipher),
  )
  try {
    console.log(
      `over the loopback; node ${process.version}, ${spawnSync('ssh', ['-V']).stderr.toString().trim()}\n`,
    )
    await logins(home, clients)
    await commands(remote, clients)
    await sideBySide(remote, clients)
    await streams(remote, clients)
    await resolving(home)
  } finally {
    for (const one of clients) spawnSync('ssh', ['-O', 'exit', ...one.arguments], { stdio: 'ignore' })
  }
}

/** A connection in the background, used by the same arguments. */
function master(
  name: string,
  sshd: LoopbackSshd,
  knownHosts: string,
  control: string,
  cipher: readonly string[],
): OpenSsh {
  const options = [
    ...['-F', 'none', '-i', join(sshd.folder, 'user'), '-p', String(sshd.target.port), '-S', control],
    ...cipher,
    ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    `${sshd.target.username}@127.0.0.1`,
  ]
  const made = spawnSync('ssh', ['-M', '-N', '-f', ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (made.status !== 0) throw new Error(`${name}: no connection`)
  return { name, arguments: options }
}

/** A login, one command, the end; of the program without and with a connection that stands. */
async function logins(home: SshHome, clients: readonly OpenSsh[]): Promise<void> {
  const [plain] = clients
  if (plain === undefined) return
  const alone = { name: 'ssh, a login each', arguments: withoutMaster(plain.arguments) }
  const seconds = await inTurns(20, [alone, plain], {
    ours: async () => {
      await using client = home.client()
      const remote = await client.connect({ name: 'bench', hostname: 'bench', become: false })
      return (await remote.exec(sh`true`)).exitCode
    },
    theirs: (client) => run(client, 'true'),
    expected: 0,
  })
  tell('a login and a command, milliseconds', inMilliseconds(seconds), 1)
}

function withoutMaster(words: readonly string[]): readonly string[] {
  const at = words.indexOf('-S') + 1
  return words.map((word, n) => (n === at ? 'none' : word))
}

async function commands(remote: Remote, clients: readonly OpenSsh[]): Promise<void> {
  const seconds = await inTurns(ROUNDS, clients, {
    ours: async () => {
      let failures = 0
      for (let n = 0; n < COMMANDS; n += 1) failures += (await remote.exec(sh`true`)).exitCode
      return failures
    },
    theirs: async (client) => {
      let failures = 0
      for (let n = 0; n < COMMANDS; n += 1) failures += await run(client, 'true')
      return failures
    },
    expected: 0,
  })
  tell(`${COMMANDS} commands one after the other, milliseconds`, inMilliseconds(seconds), 0)
}

async function sideBySide(remote: Remote, clients: readonly OpenSsh[]): Promise<void> {
  const all = async (one: () => Promise<number>): Promise<number> =>
    (await Promise.all(Array.from({ length: PARALLEL }, one))).reduce((sum, code) => sum + code, 0)
  const seconds = await inTurns(ROUNDS, clients, {
    ours: () => all(async () => (await remote.exec(sh`true`)).exitCode),
    theirs: (client) => all(() => run(client, 'true')),
    expected: 0,
  })
  tell(`${PARALLEL} commands side by side, milliseconds`, inMilliseconds(seconds), 0)
}

async function streams(remote: Remote, clients: readonly OpenSsh[]): Promise<void> {
  const seconds = await inTurns(ROUNDS, clients, {
    ours: async () => {
      const process = await remote.spawn(STREAM)
      const bytes = await count(process.stdout)
      await process.exited
      return bytes
    },
    theirs: async (client) => {
      const child = spawn('ssh', [...client.arguments, STREAM.text], { stdio: ['ignore', 'pipe', 'inherit'] })
      return count(child.stdout)
    },
    expected: BYTES,
  })
  tell(`${BYTES / 1e6} MB, seconds`, seconds, 2)
}

/** What `ssh -G` and `ssh-keygen -F` cost for many hosts at once. */
async function resolving(home: SshHome): Promise<void> {
  const around = sshEnvironment({ home: home.home, environment: {} })
  let usual: Promise<ResolvedConfig> | undefined
  const defaults = (): Promise<ResolvedConfig> => (usual ??= openSshDefaults(around.environment))
  const sources = { around, configFile: home.configFile, defaults }
  const seconds: number[] = []
  for (let round = 0; round <= 5; round += 1) {
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: HOSTS }, async (_, n) => {
        const settings = await hostSettings({ name: `h${n}`, hostname: `h${n}` }, sources)
        return knownHostCheck({ settings, filesRequired: false, sshCommand: 'ssh' })
      }),
    )
    seconds.push((performance.now() - startedAt) / 1000)
  }
  console.log(`the configuration and the known keys of ${HOSTS} hosts, seconds`)
  console.log(`  ${spread(seconds.slice(1), 2)}\n`)
}

function run(client: OpenSsh, command: string): Promise<number> {
  const child = spawn('ssh', [...client.arguments, command], { stdio: 'ignore' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)))
}

function inMilliseconds(seconds: ReadonlyMap<string, readonly number[]>): Map<string, number[]> {
  return new Map([...seconds].map(([name, times]) => [name, times.map((time) => time * 1000)]))
}

interface Work {
  ours(): Promise<number>
  theirs(client: OpenSsh): Promise<number>
  readonly expected: number
}

const own = 'Remote'

async function inTurns(
  rounds: number,
  clients: readonly OpenSsh[],
  work: Work,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>([own, ...clients.map(({ name }) => name)].map((name) => [name, []]))
  const timed = async (name: string, run: () => Promise<number>): Promise<void> => {
    const startedAt = performance.now()
    const result = await run()
    if (result !== work.expected) throw new Error(`${name}: ${result} instead of ${work.expected}`)
    times.get(name)?.push((performance.now() - startedAt) / 1000)
  }
  // One round more, which does not count: files read for the first time, code compiled.
  for (let round = 0; round <= rounds; round += 1) {
    if (round === 1) for (const samples of times.values()) samples.length = 0
    await timed(own, () => work.ours())
    for (const client of clients) await timed(client.name, () => work.theirs(client))
  }
  return times
}

async function count(stream: NodeJS.ReadableStream): Promise<number> {
  let bytes = 0
  for await (const chunk of stream) bytes += (chunk as Buffer).length
  return bytes
}

function tell(title: string, times: ReadonlyMap<string, readonly number[]>, digits: number): void {
  console.log(title)
  const ours = times.get(own) ?? []
  for (const [name, samples] of times) console.log(`  ${name.padEnd(30)} ${spread(samples, digits)}`)
  for (const [name, samples] of times) {
    if (name === own) continue
    const ratios = ours.map((time, round) => time / (samples[round] ?? NaN))
    console.log(`  ${`Remote ÷ ${name}`.padEnd(40)} ${spread(ratios, 2)}`)
  }
  console.log()
}

function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): string =>
    (sorted[Math.round(share * (sorted.length - 1))] ?? NaN).toFixed(digits)
  return `median ${at(0.5)} (${at(0)} to ${at(1)}; half of ${sorted.length} within ${at(0.25)} to ${at(0.75)})`
}

await main()
