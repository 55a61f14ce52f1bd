import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { QmpClient } from './qmp.ts'

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n'

/** Plays QEMU: greets, and answers each command with what the test says. */
function fakeQemu(answer: (command: { execute: string; id: number }, socket: Socket) => void): Server {
  return createServer((socket) => {
    socket.write(greeting.slice(0, 10))
    setImmediate(() => socket.write(greeting.slice(10)))
    let buffer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      buffer += text
      const lines = buffer.split('\n')
      buffer = lines.pop() ?? ''
      for (const line of lines.filter((each) => each.trim() !== '')) {
        const command = JSON.parse(line) as { execute: string; id: number }
        if (command.execute === 'qmp_capabilities') socket.write(`{"return": {}, "id": ${command.id}}\r\n`)
        else answer(command, socket)
      }
    })
  })
}

describe('QMP client', () => {
  let folder = ''
  let server: Server | undefined
  const options = { timeoutMs: 2000, signal: new AbortController().signal }
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))))
  afterEach(() => {
    server?.close()
    rmSync(folder, { recursive: true })
  })

  const connect = async (answer: Parameters<typeof fakeQemu>[0]): Promise<QmpClient> => {
    server = fakeQemu(answer)
    const path = join(folder, 'qmp')
    await new Promise<void>((resolve) => server?.listen(path, resolve))
    return QmpClient.connect(path, 'worker1', options)
  }

  it('matches answers to commands by id, through events and torn lines', async () => {
    const waiting: number[] = []
    using client = await connect(({ id }, socket) => {
      waiting.push(id)
      if (waiting.length < 2) return
      socket.write('{"event": "STOP", "timestamp": {}}\r\n{"ret')
      setImmediate(() =>
        socket.write(
          `urn": {"for": "second"}, "id": ${waiting[1]}}\r\n{"return": {"for": "first"}, "id": ${waiting[0]}}\r\n`,
        ),
      )
    })
    const both = await Promise.all([client.execute('one'), client.execute('two')])
    expect(both).to.deep.equal([{ for: 'first' }, { for: 'second' }])
  })

  it('turns a refusal into an error that names command, host and reason', async () => {
    using client = await connect(({ id }, socket) =>
      socket.write(`{"error": {"class": "GenericError", "desc": "no such thing"}, "id": ${id}}\r\n`),
    )
    const error = await client.execute('migrate').catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'QMP_REFUSED')
    expect(error)
      .to.have.property('message')
      .that.matches(/'migrate' \(on worker1\)[\s\S]*no such thing/)
  })

  it('fails what is pending when QEMU goes, and everything after', async () => {
    using client = await connect((_command, socket) => socket.destroy())
    expect(await client.execute('cont').catch((error: Error) => error)).to.have.property('code', 'QMP_CLOSED')
    expect(await client.execute('stop').catch((error: Error) => error)).to.have.property('code', 'QMP_CLOSED')
  })

  it('gives up at once when QEMU is known to be dead', async () => {
    const startedAt = Date.now()
    const error = await QmpClient.connect(join(folder, 'absent'), 'worker1', {
      ...options,
      timeoutMs: 60_000,
      isAlive: () => false,
    }).catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'QMP_UNREACHABLE')
    expect(Date.now() - startedAt).to.be.lessThan(5000)
  })
})
