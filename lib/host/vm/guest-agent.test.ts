import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { afterIdentity } from '../../setup/systemd-guest.ts'
import { GuestAgent, parseReply } from './guest-agent.ts'
import { identityScript, newMachineId } from './identity.ts'
import { lastLines } from './log-tail.ts'
import { managementAddress, managementGateway } from './machine-arguments.ts'

const limits = { timeoutMs: 2000, signal: new AbortController().signal }

describe('guest agent', () => {
  let folder = ''
  let server: Server | undefined
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))))
  afterEach(() => {
    server?.close()
    rmSync(folder, { recursive: true })
  })

  const guest = async (play: (socket: Socket, line: string) => void, first = ''): Promise<GuestAgent> => {
    server = createServer((socket) => {
      if (first !== '') socket.write(first)
      socket.setEncoding('utf8').on('data', (line: string) => play(socket, line))
    })
    const path = join(folder, 'agent')
    await new Promise<void>((resolve) => server?.listen(path, resolve))
    return GuestAgent.connect(path, 'worker1')
  }

  it('sends a script in one line and takes its own answer only', async () => {
    using agent = await guest((socket, line) => {
      const [token = '', script = ''] = line.trim().split(' ')
      const output = Buffer.from(`ran: ${Buffer.from(script, 'base64').toString()}`).toString('base64')
      socket.write(`kernel noise\r\nother 0 AAAA\r\n${token} 3 ${output}\r\n`)
    })
    expect(await agent.run('echo\nä', limits)).to.deep.equal({ exitCode: 3, output: 'ran: echo\nä' })
  })

  it('waits for a guest that boots', async () => {
    using agent = await guest(() => undefined, 'SeaBIOS\r\nswarmproof-agent\r\n')
    await agent.ready(limits)
  })

  it('says what it waited for when nothing comes, or the machine ends', async () => {
    using agent = await guest((socket) => socket.destroy())
    const late = await agent.ready({ ...limits, timeoutMs: 50 }).catch((error: Error) => error.message)
    expect(late).to.match(/the guest to boot[\s\S]*nothing within 0\.05 s/)
    const gone = await agent.run('true', limits).catch((error: Error) => error.message)
    expect(gone).to.match(/an answer of the guest[\s\S]*its QEMU ended/)
  })

  it('takes nothing half for an answer', () => {
    expect(parseReply('abc 0 aGk=', 'abc')).to.deep.equal({ exitCode: 0, output: 'hi' })
    expect(parseReply('abc 0', 'abc')).to.deep.equal({ exitCode: 0, output: '' })
    for (const line of ['abc', 'abc x', 'xyz 0 aGk=', ''])
      expect(parseReply(line, 'abc'), line).to.equal(undefined)
  })
})

describe('identity script', () => {
  const identity = {
    hostName: 'worker1',
    machineId: newMachineId(),
    hostPrivateKey:
      "-----BEGIN OPENSSH PRIVATE KEY-----\nwith 'quotes' $and\n-----END OPENSSH PRIVATE KEY-----\n",
    hostPublicKey: 'ssh-ed25519 AAAA worker1\n',
    clientPublicKey: 'ssh-ed25519 BBBB swarmproof\n',
    managementMac: '52:54:00:00:00:01',
    underlays: [{ interface: 'eth1', mac: '52:54:00:01:00:01', address: '192.168.56.12/24', mtuBytes: 1400 }],
    neighbours: [{ name: 'manager', address: '192.168.56.11' }],
  }
  const script = identityScript(identity, new Date('2026-01-02T03:04:05.678Z'))

  it('gives a machine its files and starts it, with the clock set first and keys for their owner alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-identity-'))
    for (const path of ['etc/ssh', 'root', 'var/lib', 'usr/local/sbin', 'bin', 'dev', 'run'])
      mkdirSync(join(folder, path), { recursive: true })
    const stub = (name: string): string => `#!/bin/sh\necho ${name} "$@" >>${folder}/log\n`
    const added = join(folder, afterIdentity)
    mkdirSync(dirname(added), { recursive: true })
    writeFileSync(added, stub('added'), { mode: 0o755 })
    for (const name of ['date', 'perl', 'ip', 'hostname', 'systemctl', 'ln', 'sync', 'sshd'])
      writeFileSync(join(folder, 'bin', name), stub(name), { mode: 0o755 })
    const inFolder = script
      .replaceAll(/(?<![\w/.])\/(?=(?:etc|root|var|run|dev\/urandom|usr\/(?:lib|local))\b)/g, `${folder}/`)
      .replaceAll('/usr/sbin/sshd', join(folder, 'bin/sshd'))
    // Nothing here may write to this machine's own files.
    expect(
      inFolder.replaceAll(folder, 'x').match(/(?<![\w.-])\/(?:etc|root|var|run|usr|dev\/u)\b/g),
    ).to.equal(null)
    execFileSync('sh', { input: inFolder, env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` } })
    const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
    expect(read('etc/ssh/ssh_host_ed25519_key')).to.equal(identity.hostPrivateKey)
    expect(statSync(join(folder, 'etc/ssh/ssh_host_ed25519_key')).mode & 0o777).to.equal(0o600)
    expect(read('root/.ssh/authorized_keys')).to.equal(identity.clientPublicKey)
    expect(read('etc/machine-id')).to.equal(`${identity.machineId}\n`)
    expect(read('etc/hosts')).to.equal('127.0.0.1 localhost\n192.168.56.11 manager\n')
    expect(read('dev/urandom')).to.have.lengthOf.above(0)
    const log = read('log').split('\n')
    expect(log[0]).to.equal('date -s @1767323045.678')
    expect(log[1]).to.match(/^perl -e /)
    // What the image adds to an identity runs before its sshd starts.
    expect(log.slice(log.indexOf('added'), log.indexOf('sshd') + 1)).to.deep.equal([
      'added',
      'hostname worker1',
      'ip link set eth0 down',
      'ip link set eth0 address 52:54:00:00:00:01 mtu 1500',
      `ip address replace ${managementAddress}/24 dev eth0`,
      'ip link set eth0 up',
      `ip route replace default via ${managementGateway}`,
      'ip link set eth1 down',
      'ip link set eth1 address 52:54:00:01:00:01 mtu 1400',
      'ip address replace 192.168.56.12/24 dev eth1',
      'ip link set eth1 up',
      'sshd',
    ])
    mkdirSync(join(folder, 'run/systemd/system'), { recursive: true })
    execFileSync('sh', [join(folder, 'etc/swarmproof/start.sh')], {
      env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
    })
    expect(read('log').trimEnd().split('\n').at(-1)).to.equal('systemctl --no-block restart ssh.service')
    rmSync(folder, { recursive: true })
  })

  it('differs in entropy every time', () => {
    expect(newMachineId())
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(newMachineId())
  })
})

describe('log tail', () => {
  it('drops terminal sequences, empty lines and secrets, and keeps the last', () => {
    const text = 'one\r\n\u001b[2Jtwo\n\n\u001b[31mthree\u001b[0m SWMTKN-1-abc-def\n'
    expect(lastLines(text, 2)).to.deep.equal(['two', 'three SWMTKN-(redacted)'])
  })
})
