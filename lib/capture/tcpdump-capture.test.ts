import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { type FakeAnswer, FakeRemote } from '../remote/fake-remote.ts'
import { captureScript, noPerl, noTcpdump } from './capture-script.ts'
import { TcpdumpCapture } from './tcpdump-capture.ts'

/** Where tcpdump may be that a host finds whatever its PATH is. */
const always = ['/usr/local/sbin', '/usr/sbin', '/sbin']

describe('a capture that does not come up', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swp-test-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const refusal = async (answer: FakeAnswer): Promise<SwarmproofError> => {
    const remote = new FakeRemote('m1').answer('perl', answer)
    const host = { name: 'm1', remote } as unknown as Host
    return TcpdumpCapture.start({ host, interface: 'eth0', direction: 'both' }, join(folder, 'a.pcap')).then(
      () => expect.fail('it should not have started'),
      (error: SwarmproofError) => error,
    )
  }

  it('names the tool that the host lacks, by how it ended', async () => {
    const missing = { code: 'TOOL_MISSING' }
    expect(await refusal({ exitCode: noPerl })).to.include({ ...missing, tool: 'perl' })
    expect(await refusal({ exitCode: noTcpdump })).to.include({ ...missing, tool: 'tcpdump' })
  })

  it('is not taken for one by what was printed', async () => {
    const stderr = 'motd: perl: not found; swarmproof: cannot run tcpdump: no'
    const error = await refusal({ exitCode: 3, stderr })
    expect(error.code).to.equal('CAPTURE_START')
    expect(error.message).to.contain('perl: not found')
  })

  it('ends with its own code where there is no tcpdump', async function () {
    const mayCapture = process.getuid?.() === 0 && existsSync('/usr/bin/perl')
    if (!mayCapture || always.some((place) => existsSync(join(place, 'tcpdump')))) this.skip()
    const words = ['1', '10', '-', 'lo', 'both', '100', '', 'udp']
    // Its input stays open, for at the end of that the script ends by itself.
    const child = spawn('/usr/bin/perl', ['-e', captureScript, ...words], { env: { PATH: folder } })
    const [status] = (await once(child, 'exit')) as [number]
    expect(status).to.equal(noTcpdump)
  })
})
