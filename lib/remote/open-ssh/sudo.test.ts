import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { cuttable } from '../cuttable.fake.ts'
import { startLoopbackSshd, needsSshd } from '../loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { RemoteError } from '../remote-error.ts'
import type { Remote } from '../remote.ts'
import type { SshClient } from './connect.ts'
import { knownLine, sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'
import { sh } from '../../script.ts'

/**
 * A login that is not root, without making one: programs in front of the session's PATH say so, and a `sudo` among
 * them does what the real one does in form: it stays, with the command as its child in its own process group. What it
 * started can be told by ACTS_AS_ROOT in its environment. It allows what docs/sudoers.swarmproof allows.
 */
const sudoers = new URL('../../../docs/sudoers.swarmproof', import.meta.url).pathname
const allowed = /NOPASSWD: (.*)$/m.exec(readFileSync(sudoers, 'utf8'))?.[1] ?? 'nothing'
const fakes: Readonly<Record<string, string>> = {
  id: '[ -n "$ACTS_AS_ROOT" ] && echo 0 || echo 1000',
  sudo: [
    '[ "$1 $2 $3" = "-n -H --" ] || { echo "usage: sudo" >&2; exit 64; }',
    'shift 3',
    `case "$*" in ${allowed.replaceAll(' ', '\\ ')}) ;; *) echo "sudo: a password is required" >&2; exit 1;; esac`,
    '[ -e "${0%/*}/password" ] && { echo "sudo: a password is required" >&2; exit 1; }',
    'ACTS_AS_ROOT=yes "$@"',
    'exit $?',
  ].join('\n'),
}

describe('ssh client, commands by sudo', function () {
  this.timeout(30_000)
  let sshd: LoopbackSshd
  let home: SshHome
  let client: SshClient
  let remote: Remote

  needsSshd()
  before(async () => {
    sshd = await startLoopbackSshd((folder) => {
      mkdirSync(join(folder, 'bin'))
      for (const [name, script] of Object.entries(fakes)) {
        writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`)
        chmodSync(join(folder, 'bin', name), 0o755)
      }
      return [`SetEnv SHLVL=2 PATH=${join(folder, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`]
    })
    home = sshHome()
    home.trust(sshd)
    client = home.client()
    remote = await client.connect({ name: 'web1', hostname: '127.0.0.1', port: sshd.target.port })
  })
  after(async () => {
    await client?.[Symbol.asyncDispose]()
    home?.[Symbol.dispose]()
    await sshd?.[Symbol.asyncDispose]()
  })

  it('runs everything as root: commands, streams, files', async () => {
    const whoAmI = sh`echo "$(id -u) $ACTS_AS_ROOT"`
    expect((await remote.exec(whoAmI)).stdout).to.equal('0 yes\n')
    expect((await remote.exec(sh`cat >/dev/null; ${whoAmI}`, { input: 'x' })).stdout).to.equal('0 yes\n')
    const process = await remote.spawn(sh`echo $$; read -r line; ${whoAmI}`, { stdin: 'pipe' })
    const pid = Number(await firstOutput(process.stdout))
    expect(familyOf(pid)).to.have.property('size').greaterThan(1)
    process.stdin.end('go\n')
    expect(await text(process.stdout)).to.contain('0 yes\n')
    const path = join(sshd.folder, 'a/file')
    await remote.upload('content', path, 0o640)
    expect((await remote.download(path)).toString()).to.equal('content')
  })

  it('gives exit codes, signals and errors as without sudo', async () => {
    expect((await remote.exec(sh`exit 7`)).exitCode).to.equal(7)
    expect((await remote.exec(sh`echo out; echo err >&2`)).stderr).to.equal('err\n')
    const missing = await failure(remote.download('/nowhere/file'))
    expect(missing.code).to.equal('REMOTE_FILE')
  })

  it('does without sudo where the login is to stay what it is', async () => {
    const target = { name: 'web1', hostname: '127.0.0.1', port: sshd.target.port, become: false }
    const login = await client.connect(target)
    expect((await login.exec(sh`id -u`)).stdout).to.equal('1000\n')
  })

  it('says that sudo asks for a password, and leaves no connection behind', async () => {
    writeFileSync(join(sshd.folder, 'bin/password'), '')
    await using another = home.client()
    const error = await failure(
      another.connect({ name: 'web2', hostname: '127.0.0.1', port: sshd.target.port }),
    )
    const { unlinkSync } = await import('node:fs')
    unlinkSync(join(sshd.folder, 'bin/password'))
    expect(error).to.include({ code: 'SSH_SUDO', host: 'web2' })
    expect(error.message).to.match(
      /^user \S+ may not run everything by sudo without a password .*\(on web2\)/,
    )
    expect(error.message).to.contain('observed: sudo: a password is required').and.to.contain('NOPASSWD')
  })

  for (const stdin of ['lifeline', 'pipe'] as const) {
    it(`ends command, children, sudo and watcher when the connection drops (${stdin})`, async () => {
      await using wire = await cuttable(sshd.target.port)
      home.known(knownLine(sshd).replace(String(sshd.target.port), String(wire.port)))
      const dropped = await client.connect({ name: 'web1', hostname: '127.0.0.1', port: wire.port })
      const process = await dropped.spawn(sh`echo $$; sleep 61 & sleep 60; echo never`, { stdin })
      const pid = Number(await firstOutput(process.stdout))
      const lines = (): string => [...familyOf(pid).values()].join('\n')
      await until(() => /^sleep 61/m.test(lines()) && /^sleep 60/m.test(lines()))
      const family = familyOf(pid)
      expect([...family.values()].join('\n'))
        .to.match(/^sleep 61/m)
        .and.match(/^sleep 60/m)
        .and.match(/sudo/)
      // The watcher is root's as well: who is not may not signal root's processes.
      const rights = [...family.keys()].filter((one) => actsAsRoot(one)).length
      expect(rights).to.be.greaterThanOrEqual(4)
      wire.cut()
      expect(await failure(process.exited)).to.include({ code: 'SSH_LOST' })
      await until(() => [...family.keys()].every((one) => !isAlive(one)))
    })
  }

  it('kills what ignores SIGINT, sudo and all', async () => {
    const command = sh`trap '' INT TERM; echo $$; while :; do sleep 0.1; done`
    const process = await remote.spawn(command)
    const pid = Number(await firstOutput(process.stdout))
    const family = familyOf(pid)
    await process.stop()
    await until(() => [...family.keys()].every((one) => !isAlive(one)))
  })

  it('leaves what was put into the background on purpose alone', async () => {
    const pid = Number((await remote.exec(sh`sleep 60 >/dev/null 2>&1 & echo $!`)).stdout)
    await remote.exec(sh`true`)
    expect(isAlive(pid)).to.equal(true)
    process.kill(pid, 'SIGKILL')
  })
})

/** The living processes of a process's group, with their command lines. */
function familyOf(pid: number): Map<number, string> {
  const group = groupOf(pid)
  const members = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && groupOf(Number(name)) === group)
  return new Map(members.map((name) => [Number(name), commandLine(name)]))
}

function groupOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')[2]
  } catch {
    return undefined
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function actsAsRoot(pid: number): boolean {
  return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes('ACTS_AS_ROOT=yes')
}

function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 12_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come true within 12 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function failure(promise: Promise<unknown>): Promise<RemoteError> {
  const outcome = await promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
  expect(outcome).to.be.instanceOf(RemoteError)
  return outcome as RemoteError
}

async function firstOutput(stream: NodeJS.ReadableStream): Promise<string> {
  const chunk = await new Promise<Buffer>((resolve) => {
    stream.once('data', (data: Buffer) => {
      stream.pause()
      resolve(data)
    })
  })
  return chunk.toString('utf8')
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += String(chunk)
  return all
}
