import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { startLoopbackSshd, whyNoSshd } from '../remote/loopback-sshd.fake.ts'
import { connectSsh } from '../remote/ssh-remote.ts'
import { startCaptures } from './start-captures.ts'

/** Without --immediate-mode packets come half a second late and more; without -U a stream of few never comes. */
describe('capture over SSH', function () {
  this.timeout(30_000)

  it('gives packets at once', async function () {
    const usable = process.getuid?.() === 0 && spawnSync('tcpdump', ['-h']).error === undefined
    if (!usable || whyNoSshd() !== undefined) {
      console.log('      skipped: needs root, tcpdump and an sshd')
      return this.skip()
    }
    await using sshd = await startLoopbackSshd()
    await using remote = await connectSsh(sshd.target)
    const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
    const socket = createSocket('udp4')
    try {
      const host = { ...nativeHost('here'), remote }
      const [capture] = await startCaptures(
        [{ host, interface: 'lo', direction: 'both', filter: 'udp port 9' }],
        folder,
      )
      if (capture === undefined) throw new Error('no capture')
      const delays: number[] = []
      for (let n = 0; n < 5; n += 1) {
        const [before, sentAt] = [capture.packetsSoFar().length, performance.now()]
        socket.send('x', 9, '127.0.0.1')
        while (capture.packetsSoFar().length === before)
          await new Promise((resolve) => setTimeout(resolve, 2))
        delays.push(performance.now() - sentAt)
      }
      // The best of five: the machine may be busy, the flags are not.
      expect(Math.min(...delays)).to.be.below(200)
      await capture.stop()
    } finally {
      socket.close()
      rmSync(folder, { recursive: true })
    }
  })
})
