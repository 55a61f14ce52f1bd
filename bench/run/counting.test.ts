import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import ssh2 from 'ssh2'
import { root } from './checkout.ts'
import { readCounted } from './counts.ts'

const counting = pathToFileURL(join(root, 'bench', 'run', 'counting.js')).href
const lib = (file: string): string => JSON.stringify(pathToFileURL(join(root, 'lib', file)).href)

const program = `
const { eventually } = await import(${lib('eventually.ts')})
const { poll } = await import(${lib('poll.ts')})
const { encodePlan } = await import(${lib('probe/agent-protocol.ts')})
await import(${lib('capture/tcpdump-capture.ts')})
const from = { namespace: 'host' }
const send = (kind, repeat) => encodePlan([{ id: 0, request: { kind, from, to: '192.0.2.1', port: 80, repeat } }], [])
send('tcp', 10)
let looks = 0
await eventually({ what: 'three looks', withinMs: 4000, everyMs: 20 }, async () => {
  send('icmp')
  looks += 1
  return looks < 3 ? { ready: false, seen: 'less' } : { ready: true, value: undefined }
})
await poll({ what: 'one look', withinMs: 9000 }, async () => 1, () => [])
`

describe('counting in the processes of a run', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-counting-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const run = async (text: string): Promise<void> => {
    const env = { ...process.env, NODE_OPTIONS: `--import ${counting}`, SWARMPROOF_BENCH_COUNTS: folder }
    const all = ['--import', 'tsx', '--input-type=module', '--eval', text]
    await promisify(execFile)(process.execPath, all, { cwd: root, env })
  }

  it('tells first looks from others, and connections of one request', async () => {
    await run(program)
    const counted = readCounted(folder, folder)
    expect(counted.probes).to.deep.equal({ planned: 11, again: 2 })
    expect(counted.bounds).to.deep.equal({
      4000: { pausesMs: [20], waits: 1, looks: 3 },
      9000: { pausesMs: [500], waits: 1, looks: 1 },
    })
    expect(counted.sshBytes).to.equal(0)
  })

  it('counts the bytes of SSH connections, and of no others', async () => {
    const server = new ssh2.Server(
      { hostKeys: [ssh2.utils.generateKeyPairSync('ed25519').private] },
      (client) =>
        client
          .on('authentication', (context) => context.accept())
          .on('session', (accept) =>
            accept().once('exec', (acceptExec) => {
              const channel = acceptExec()
              channel.end(Buffer.alloc(1_000_000))
            }),
          ),
    )
    const web = createServer((_, response) => response.end(Buffer.alloc(1_000_000)))
    for (const one of [server, web]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
    const [ssh, http] = [server, web].map((one) => (one.address() as AddressInfo).port)
    try {
      await run(`
const { Client } = (await import('ssh2')).default
const { get } = await import('node:http')
await new Promise((resolve) => get('http://127.0.0.1:${http}', (got) => got.resume().on('end', resolve)))
const client = new Client()
client.on('ready', () => client.exec('zeros', (_, channel) => channel.resume().on('close', () => client.end())))
client.connect({ host: '127.0.0.1', port: ${ssh}, username: 'root' })
`)
    } finally {
      server.close()
      web.close()
    }
    expect(readCounted(folder, folder).sshBytes).to.be.within(1_000_000, 1_100_000)
  })
})
