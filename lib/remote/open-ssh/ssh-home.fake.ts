import {
  appendFileSync,
  copyFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { sshClient } from './connect.ts'
import type { SshClient, SshClientOptions } from './connect.ts'

/**
 * A home directory with `.ssh` of its own, so that tests see no file of the account they run in. ssh itself takes the
 * account's home whatever $HOME says, so its configuration is given with -F and names the files of known hosts last.
 */
export interface SshHome extends Disposable {
  readonly home: string
  /** A file in `.ssh`. */
  path(name: string): string
  /** The configuration, for -F. */
  readonly configFile: string
  /** Appends to the configuration; what is said of known hosts here goes before the home's own. */
  config(...lines: readonly string[]): void
  /** Appends to `.ssh/known_hosts`. */
  known(...lines: readonly string[]): void
  /** The server's user key as `.ssh/id_ed25519`, and its host key as known. */
  trust(sshd: LoopbackSshd): void
  /** A client that sees this home only: no agent, nobody to ask. */
  client(options?: SshClientOptions): SshClient
}

export function sshHome(): SshHome {
  const home = mkdtempSync(join(tmpdir(), 'swarmproof-home-'))
  const path = (name: string): string => join(home, '.ssh', name)
  const known = (...lines: readonly string[]): void =>
    appendFileSync(path('known_hosts'), `${lines.join('\n')}\n`)
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(path('lines'), '')
  writeFileSync(
    path('config'),
    [
      `Include ${path('lines')}`,
      ...['Match all', `UserKnownHostsFile ${path('known_hosts')}`, 'GlobalKnownHostsFile none', ''],
    ].join('\n'),
  )
  return {
    home,
    configFile: path('config'),
    path,
    known,
    config: (...lines) => appendFileSync(path('lines'), `${lines.join('\n')}\n`),
    trust: (sshd) => {
      copyFileSync(join(sshd.folder, 'user'), path('id_ed25519'))
      chmodSync(path('id_ed25519'), 0o600)
      known(knownLine(sshd))
    },
    client: (options) =>
      sshClient({
        configFile: path('config'),
        askPassphrase: false,
        env: { home, environment: {} },
        ...options,
      }),
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  }
}

/** The line of known_hosts by which a server is known. */
export function knownLine(sshd: LoopbackSshd, key = sshd.target.hostKey): string {
  return `[127.0.0.1]:${sshd.target.port} ${key.split(' ').slice(0, 2).join(' ').trim()}`
}
