import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { enginePolicies, withoutOutboundPolicies } from './outbound-policies.ts'

const namespace = `swp-xfrm-${process.pid}`

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Policies of a namespace of this machine's kernel, as a node of an encrypted overlay and of a VPN has them. */
const inNamespace = (text: string): void => void ip('-n', namespace, ...text.split(' '))

const engines = ['192.0.2.2', '192.0.2.3'].map(
  (peer) =>
    `xfrm policy add src 192.0.2.1/32 dst ${peer}/32 proto udp dport 4789 dir out mark 0xd0c4e3 mask 0xffffffff tmpl src 192.0.2.1 dst ${peer} proto esp spi 0x9e2f1a07 reqid 13681891 mode transport`,
)

/** As strongSwan installs them for a tunnel and for a transport between the same two hosts. */
const theirs = [
  'xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 379519 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0xc4d5e6f7 reqid 1 mode tunnel',
  'xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir in priority 379519 tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel',
  'xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir fwd priority 379519 tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel',
  'xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dport 4789 dir out priority 366975 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp spi 0xc4d5e6f8 reqid 2 mode transport',
  'xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dport 4789 dir out mark 0x2a mask 0xffffffff tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 42 mode transport',
]

describe('outbound policies', function () {
  this.timeout(20_000)
  const host = nativeHost('web1', ['ip', 'netns', 'exec', namespace, '/bin/sh', '-c'])
  let folder: string

  before(function () {
    try {
      ip('netns', 'add', namespace)
      inNamespace('xfrm policy list')
    } catch {
      this.skip()
    }
  })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swp-policies-'))
    for (const policy of [...theirs, ...engines]) inNamespace(policy)
  })

  afterEach(() => {
    inNamespace('xfrm policy flush')
    rmSync(folder, { recursive: true, force: true })
  })

  after(() => {
    try {
      ip('netns', 'del', namespace)
    } catch {
      // It could not be made.
    }
  })

  /** Sorted: a policy that is put back comes last. */
  const policies = (): string[] =>
    ip('-n', namespace, '-o', 'xfrm', 'policy', 'list').trim().split('\n').sort()
  const isEngines = (line: string): boolean => line.includes('mark 0xd0c4e3')

  it('are taken away one by one and put back, and those of a VPN beside them are not touched', async () => {
    const before = policies()
    expect(before).to.have.lengthOf(7)
    const putBack = await withoutOutboundPolicies(host, { root: folder })
    expect(policies()).to.deep.equal(before.filter((line) => !isEngines(line)))
    expect(policies()).to.have.lengthOf(5)
    await putBack?.()
    expect(policies()).to.deep.equal(before)
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('are put back by the host itself where the run has died', async () => {
    const before = policies()
    await withoutOutboundPolicies(host, { root: folder, deadManSeconds: 1 })
    expect(policies()).to.have.lengthOf(5)
    while (readdirSync(folder).length > 0) await new Promise((resolve) => setTimeout(resolve, 100))
    expect(policies()).to.deep.equal(before)
  })

  it('are put back also where the engine has made one again meanwhile', async () => {
    const before = policies()
    const putBack = await withoutOutboundPolicies(host, { root: folder })
    inNamespace(engines[1] ?? '')
    await putBack?.()
    expect(policies()).to.deep.equal(before)
  })

  it('of a host that has none of the engine’s are left as they are', async () => {
    inNamespace('xfrm policy flush')
    for (const policy of theirs) inNamespace(policy)
    const before = policies()
    expect(await withoutOutboundPolicies(host, { root: folder })).to.equal(undefined)
    expect(policies()).to.deep.equal(before)
  })

  it('are read from what iproute2 prints without a type, too, and nothing else is taken for one', () => {
    const line = String.raw`src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dport 4789 \	dir out priority 0 \	mark 0xd0c4e3/0xffffffff \	tmpl src 192.0.2.1 dst 192.0.2.2\		proto esp spi 0x00000abc reqid 13681891 mode transport\ `
    expect(enginePolicies(line)).to.have.lengthOf(1)
    for (const other of ['if_id 0x7 mark', 'mark 0xd0c4e4', 'dir in', 'mode tunnel', 'reqid 1 '])
      expect(enginePolicies(altered(line, other)), other).to.deep.equal([])
  })
})

function altered(line: string, other: string): string {
  if (other.startsWith('if_id')) return line.replace('mark', other)
  if (other.startsWith('mark')) return line.replace('mark 0xd0c4e3', other)
  if (other.startsWith('dir')) return line.replace('dir out', other)
  if (other.startsWith('mode')) return line.replace('mode transport', other)
  return line.replace('reqid 13681891 ', other)
}
