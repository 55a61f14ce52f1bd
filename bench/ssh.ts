import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { startLoopbackSshd, whyNoSshd } from '../lib/remote/loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../lib/remote/loopback-sshd.fake.ts'
import type { Remote } from '../lib/remote/remote.ts'
import { connectSsh } from '../lib/remote/ssh-remote.ts'
import { knownLine, sshHome } from '../lib/remote/open-ssh/ssh-home.fake.ts'

/**
 * `node --import tsx bench/ssh.ts`: a Remote next to the OpenSSH client, on connections that stand, to the same sshd
 * on the loopback. In turns, so that a busy machine is unfair to both alike.
 */
const BYTES = 200_000_000
const ROUNDS = 9
const COMMANDS = 200
const STREAM = `head -c ${BYTES} /dev/zero`
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
  await using sshd = await startLoopbackSshd()
  using home = sshHome()
  home.known(knownLine(sshd))
  await using remote = await connectSsh(sshd.target)
  const clients = Object.entries(CIPHERS).map(([name, cipher], n) =>
    master(name, sshd, home.path('known_hosts'), join(home.home, `control${n}`), cipher),
  )
  try {
    console.log(`${BYTES / 1e6} MB and ${COMMANDS} commands over the loopback; node ${process.version}\n`)
    await streams(remote, clients)
    await commands(remote, clients)
  } finally {
    for (const client of clients) spawnSync('ssh', ['-O', 'exit', ...client.arguments], { stdio: 'ignore' })
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
    ...[
      '-F',
      'none',
      '-i',
      join(sshd.folder, 'user'),
      '-p',
      String(sshd.target.port),
      '-S',
      control,
      ...cipher,
    ],
    ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
    `${sshd.target.username}@127.0.0.1`,
  ]
  const made = spawnSync('ssh', ['-M', '-N', '-f', ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (made.status !== 0) throw new Error(`${name}: no connection`)
  return { name, arguments: options }
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
      const child = spawn('ssh', [...client.arguments, STREAM], { stdio: ['ignore', 'pipe', 'inherit'] })
      return count(child.stdout)
    },
    expected: BYTES,
  })
  tell('200 MB, seconds', seconds, 2)
}

async function commands(remote: Remote, clients: readonly OpenSsh[]): Promise<void> {
  const seconds = await inTurns(COMMANDS, clients, {
    ours: async () => (await remote.exec('true')).exitCode,
    theirs: async (client) => {
      const child = spawn('ssh', [...client.arguments, 'true'], { stdio: 'ignore' })
      return new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)))
    },
    expected: 0,
  })
  const milliseconds = new Map([...seconds].map(([name, times]) => [name, times.map((time) => time * 1000)]))
  tell('one command after the other, milliseconds', milliseconds, 1)
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
