import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { afterIdentity } from '../../setup/systemd-guest.ts'
import { GuestAgent, parseReply } from './guest-agent.ts'
import { identityScript, newMachineId } from './identity.ts'
import { lastLines } from './log-tail.ts'

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
  const script = identityScript(
    {
      hostName: 'worker1',
      machineId: newMachineId(),
      hostPrivateKey:
        "-----BEGIN OPENSSH PRIVATE KEY-----\nwith 'quotes' $and\n-----END OPENSSH PRIVATE KEY-----\n",
      hostPublicKey: 'ssh-ed25519 AAAA worker1\n',
      clientPublicKey: 'ssh-ed25519 BBBB swarmproof\n',
      managementMac: '52:54:00:00:00:01',
      underlays: [
        { interface: 'eth1', mac: '52:54:00:01:00:01', address: '192.168.56.12/24', mtuBytes: 1400 },
      ],
      neighbours: [{ name: 'manager', address: '192.168.56.11' }],
    },
    new Date('2026-01-02T03:04:05.678Z'),
  )

  it('is shell, whatever the keys contain', () => {
    execFileSync('sh', ['-n'], { input: script })
  })

  it('sets the clock first, and never writes a private key for all to read', () => {
    expect(script).to.match(/^set -e\ndate -s @1767323045\.678/)
    expect(script.indexOf('umask 077')).to.be.lessThan(script.indexOf('ssh_host_ed25519_key'))
  })

  it('has what the image adds to an identity run before its sshd starts, by systemd where that is the init', () => {
    const added = script.indexOf(afterIdentity)
    expect(added).to.be.greaterThan(script.indexOf('/etc/machine-id'))
    expect(added).to.be.lessThan(script.lastIndexOf('sh -e /etc/swarmproof/start.sh'))
    const start = /echo (\S+) \| base64 -d > \/etc\/swarmproof\/start.sh/.exec(script)?.[1] ?? ''
    const text = Buffer.from(start, 'base64').toString()
    expect(text).to.include(
      'if [ -d /run/systemd/system ]; then systemctl --no-block restart ssh.service\nelse',
    )
    execFileSync('sh', ['-n'], { input: text })
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
