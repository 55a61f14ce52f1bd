import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { existingHosts, type HostOrigin } from '../host/origin.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { inSections } from '../remote/sections.fake.ts'
import { beginDrops, endDrops } from './drop-trace.ts'
import { recorded } from './recorded/recorded.fake.ts'

const run = '20260102T030405Z-aaaa'
const clock = '@@ clock\n2026-11-28T15:55:00Z\n'

function hostThat(prints: string, origin: Partial<HostOrigin> = {}) {
  const remote = new FakeRemote('web1').answer('', inSections(prints))
  const host: Host = {
    ...{ name: 'web1', remote, origin: { ...existingHosts, ...origin }, underlays: {} },
    node: { name: 'web1', role: 'worker' } as Host['node'],
  }
  return { remote, host }
}

describe('counting drops', () => {
  it('begins and ends in one call each', async () => {
    const begun = hostThat(`${clock}@@ end\n`)
    const since = await beginDrops(begun.host, run)
    expect(since).to.have.nested.property('got.since', '2026-11-28T15:55:00Z')
    const counts = recorded('drops-6.12', 'ipsec-policy.txt')
    const ended = hostThat(
      `${clock}@@ reasons\n${recorded('drops-6.12', 'reasons.txt')}@@ counts\n${counts}@@ end\n`,
    )
    const seen = await endDrops(ended.host, run)
    expect('got' in seen && seen.got.drops[1]).to.deep.equal({
      ...{ reason: 'XFRM_POLICY', location: 'udp_queue_rcv_one_skb', protocol: '0x0800', count: 14 },
    })
    for (const { remote } of [begun, ended]) {
      expect(remote.commands).to.have.length(1)
      expect(remote.commands[0]).to.contain(`instance=swarmproof-${run}\n`)
    }
  })

  it('mounts nothing on hosts that somebody has', async () => {
    const [theirs, own] = [hostThat('@@ missing tracefs\n@@ end\n'), hostThat('@@ end\n', { owned: true })]
    const told = await beginDrops(theirs.host, run)
    expect(told).to.deep.equal({
      missing: { what: 'tracefs, mounted at /sys/kernel/tracing', of: 'tool', nodes: ['web1'] },
    })
    await beginDrops(own.host, run).catch(() => undefined)
    expect(theirs.remote.commands[0]).to.contain('owned=no\n')
    expect(own.remote.commands[0]).to.contain('owned=yes\n')
  })

  it('is not asked of a kernel that hosts share', async () => {
    const { host, remote } = hostThat('', { sharesKernel: true })
    expect(await beginDrops(host, run)).to.have.nested.property('missing.what', 'a kernel of its own')
    expect(remote.commands).to.deep.equal([])
  })

  it('failed where the kernel refused, or the output was cut off', async () => {
    for (const prints of ['@@ failed\n@@ end\n', clock])
      expect(await beginDrops(hostThat(prints).host, run)).to.have.property('threw')
  })
})
