import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { SshTarget } from './ssh-target.ts'

const program = '/usr/sbin/sshd'

/** A real sshd on a free port of the loopback, with keys and settings of its own, for tests. */
export interface LoopbackSshd extends AsyncDisposable {
  readonly target: SshTarget
  readonly folder: string
  readonly pid: number
  /** What it logged so far. */
  log(): string
}

/** Why there can be no such server here; undefined if there can. */
export function whyNoSshd(): string | undefined {
  return existsSync(program) ? undefined : `${program} is not installed (package openssh-server)`
}

/** To be called first within `describe`: its tests are skipped, with the reason, where there can be no such server. */
export function needsSshd(): void {
  before(function () {
    const why = whyNoSshd()
    if (why === undefined) return
    // Of suites within, whose hooks would run otherwise.
    this.test?.parent?.suites.forEach((suite) => (suite.pending = true))
    console.log(`      skipped: ${why}`)
    this.skip()
  })
}

/** Lines of its sshd_config that go before the defaults; those of a function may speak of the server's folder. */
type Settings = readonly string[] | ((folder: string) => readonly string[])

/** Words that go before the program, such as those that give it a mount namespace of its own. */
type Within = (folder: string) => readonly string[]

export async function startLoopbackSshd(
  settings: Settings = [],
  within: Within = () => [],
): Promise<LoopbackSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-sshd-'))
  for (const name of ['host', 'other', 'user']) generateKey(join(folder, name))
  writeFileSync(join(folder, 'authorized'), readFileSync(join(folder, 'user.pub')), { mode: 0o600 })
  // sshd run by root insists on this empty folder, which its service would have made.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const further = typeof settings === 'function' ? settings(folder) : settings
  const { server, port, log } = await listening(folder, further, within(folder))
  return {
    folder,
    pid: server.pid ?? 0,
    log: () => log.join(''),
    target: {
      host: 'loopback',
      address: '127.0.0.1',
      port,
      username: userInfo().username,
      privateKey: readFileSync(join(folder, 'user')),
      hostKey: readFileSync(join(folder, 'host.pub'), 'utf8'),
      connectTimeoutMs: 10_000,
    },
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((resolve) => server.once('close', resolve))
      if (server.kill('SIGTERM')) await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Listening {
  readonly server: ChildProcess
  readonly port: number
  readonly log: readonly string[]
}

/** Another process may take the port before sshd does. */
async function listening(
  folder: string,
  settings: readonly string[],
  within: readonly string[],
): Promise<Listening> {
  const config = join(folder, 'sshd_config')
  for (let tries = 1; ; tries += 1) {
    const port = await freePort()
    writeFileSync(config, [...settings, ...defaults(folder, port), ''].join('\n'))
    const [command = program, ...words] = [...within, program, '-D', '-e', '-f', config]
    const server = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    const log: string[] = []
    server.stderr.on('data', (chunk: Buffer) => log.push(chunk.toString('utf8')))
    if (await isListening(server, log)) return { server, port, log }
    if (tries === 3 || !log.join('').includes('Address already in use'))
      throw new Error(`sshd did not start: ${log.join('')}`)
  }
}

function defaults(folder: string, port: number): string[] {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `PidFile ${join(folder, 'pid')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'UsePAM no',
    'StrictModes no',
    // bash reads ~/.bashrc when sshd starts it at level 1; what this account does there is no concern of tests.
    'SetEnv SHLVL=2',
  ]
}

export function generateKey(file: string, type = 'ed25519', passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', file])
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** By its own word: another's server would accept connections, too. */
async function isListening(server: ChildProcess, log: readonly string[]): Promise<boolean> {
  const deadline = Date.now() + 10_000
  while (!log.join('').includes('Server listening on')) {
    if (server.exitCode !== null) return false
    if (Date.now() > deadline) throw new Error(`sshd did not start within 10 s: ${log.join('')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
