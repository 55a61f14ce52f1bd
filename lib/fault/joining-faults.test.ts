import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost, nativeHostWithEngine } from '../host/native-host.fake.ts'
import { perlFile } from '../script-file.ts'
import { postToEngine } from '../swarm/engine-socket.ts'
import { inBackground } from './background.ts'

const program = perlFile(import.meta.url, 'joins-by-another-interface.pl')

describe('what joins by another interface than the one named', () => {
  it('changes the advertised one, and passes all else on as it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-join-'))
    const [engine, listens] = [join(folder, 'engine'), join(folder, 'listens')]
    const bodies: unknown[] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push(JSON.parse(Buffer.concat(chunks).toString()))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    }).listen(engine)
    await once(server, 'listening')
    const end = await inBackground(nativeHost('here'), { program, words: [listens, engine, 'eth1', 'eth10'] })
    try {
      const host = nativeHostWithEngine('here', `unix://${listens}`)
      const joining = { RemoteAddrs: ['192.0.2.1:2377'], JoinToken: 'é'.repeat(40_000), DataPathAddr: 'eth1' }
      for (const AdvertiseAddr of ['eth1', 'eth11'])
        await postToEngine(host, '/swarm/join', { ...joining, AdvertiseAddr }, 10_000)
      expect(bodies).to.deep.equal([
        { ...joining, AdvertiseAddr: 'eth10' },
        { ...joining, AdvertiseAddr: 'eth11' },
      ])
    } finally {
      await end()
      server.close()
      rmSync(folder, { recursive: true })
    }
  })
})
