import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { startLoopbackSshd, whyNoSshd } from '../loopback-sshd.fake.ts'
import type { LoopbackSshd } from '../loopback-sshd.fake.ts'
import { firstOutput, until } from '../remote-contract.fake.ts'
import type { Remote } from '../remote.ts'
import { sh } from '../../script.ts'
import type { SshClient } from './connect.ts'
import { sshHome } from './ssh-home.fake.ts'
import type { SshHome } from './ssh-home.fake.ts'

const sudoers = new URL('../../../docs/sudoers.swarmproof', import.meta.url).pathname
/** An account that is there for this sshd alone. */
const account = { name: 'swarmproof', uid: 64_321 }

/** Why a real sudo cannot be given files of its own here. */
function whyNoSudo(): string | undefined {
  if (whyNoSshd() !== undefined) return whyNoSshd()
  if (!existsSync('/usr/bin/sudo')) return 'sudo is not installed'
  if (process.getuid?.() !== 0) return 'only root may mount'
  const trial = spawnSync('unshare', ['--mount', 'mount', '--bind', '/etc/passwd', '/etc/passwd'])
  return trial.status === 0 ? undefined : 'nothing can be mounted here'
}

describe('docs/sudoers.swarmproof', function () {
  this.timeout(60_000)

  it('is valid', function () {
    if (!existsSync('/usr/sbin/visudo')) return this.skip()
    const { status, stderr } = spawnSync('/usr/sbin/visudo', ['-c', '-f', sudoers], { encoding: 'utf8' })
    expect(status, stderr).to.equal(0)
  })

  describe('with the real sudo, in a mount namespace', () => {
    let sshd: LoopbackSshd
    let home: SshHome
    let client: SshClient
    let remote: Remote

    before(async function () {
      const why = whyNoSudo()
      if (why !== undefined) {
        console.log(`        skipped: ${why}`)
        return this.skip()
      }
      sshd = await startLoopbackSshd(prepared, (folder) => [
        ...['unshare', '--mount', 'sh', '-ec', mountScript, 'sh', folder],
      ])
      home = sshHome()
      home.trust(sshd)
      client = home.client()
      remote = await client.connect({ ...place(), name: 'web1' })
    })
    after(async () => {
      await client?.[Symbol.asyncDispose]()
      home?.[Symbol.dispose]()
      await sshd?.[Symbol.asyncDispose]()
    })

    const place = (): { hostname: string; port: number; user: string } => ({
      ...{ hostname: '127.0.0.1', port: sshd.target.port, user: account.name },
    })

    it('suffices for commands, their input, streams and files', async () => {
      const login = await client.connect({ ...place(), name: 'login', become: false })
      expect((await login.exec(sh`id -u`)).stdout).to.equal(`${account.uid}\n`)
      expect((await remote.exec(sh`id -u; echo "$HOME"`)).stdout).to.equal('0\n/root\n')
      expect((await remote.exec(sh`cat; id -u`, { input: 'a\n' })).stdout).to.equal('a\n0\n')
      const process = await remote.spawn(sh`read -r line; echo "$line"; id -u`, { stdin: 'pipe' })
      process.stdin.end('go\n')
      expect(await text(process.stdout)).to.equal('go\n0\n')
      const file = join(sshd.folder, "it's a/file")
      await remote.upload('content', file, 0o600)
      expect((await remote.download(file)).toString()).to.equal('content')
    })

    it('ends with the connection what sudo started', async () => {
      await using another = home.client()
      const dropped = await another.connect({ ...place(), name: 'web2' })
      const process = await dropped.spawn(sh`echo $$; sleep 63 & sleep 64`)
      const pid = Number(await firstOutput(process.stdout))
      expect(existsSync(`/proc/${pid}`)).to.equal(true)
      await another[Symbol.asyncDispose]()
      await until(() => !existsSync(`/proc/${pid}`))
    })

    it('allows no other form', async () => {
      const login = await client.connect({ ...place(), name: 'login', become: false })
      for (const words of [
        ['cat', '/etc/shadow'],
        ['/bin/sh'],
        ['/bin/sh', '-s'],
        ['-u', 'daemon', '/bin/sh', '-c', 'id'],
      ])
        expect((await login.exec(sh`sudo -n ${words} </dev/null`)).exitCode, words.join(' ')).to.equal(1)
    })
  })
})

/** Files that stand in for those of /etc, for this sshd and what it starts. */
function prepared(folder: string): string[] {
  const { name, uid } = account
  const line = `${name}:x:${uid}:${uid}::/tmp:/bin/sh\n`
  writeFileSync(join(folder, 'passwd'), readFileSync('/etc/passwd', 'utf8') + line, { mode: 0o644 })
  writeFileSync(join(folder, 'shadow'), `root:*:19000::::::\n${name}:*:19000::::::\n`, { mode: 0o600 })
  copyFileSync(sudoers, join(folder, 'sudoers'))
  chmodSync(join(folder, 'sudoers'), 0o440)
  // The account reads its authorized keys itself.
  chmodSync(folder, 0o711)
  chmodSync(join(folder, 'authorized'), 0o644)
  return []
}

const mountScript = [
  'folder=$1; shift',
  'for name in passwd shadow sudoers; do mount --bind "$folder/$name" "/etc/$name"; done',
  'exec "$@"',
].join('\n')
