import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { MissingTool } from '../missing-tool.ts'
import { recorded } from './recorded/recorded.fake.ts'
import { readBalancer } from './read-balancer.ts'
import { readIpvsTimers } from './read-ipvs-timers.ts'

/** A host with nothing but these programs; in its namespaces a real shell runs. */
async function withTools<T>(
  tools: Readonly<Record<string, string>>,
  read: (host: ReturnType<typeof nativeHost>, namespace: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'swp-test-'))
  try {
    for (const [name, text] of Object.entries(tools))
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    symlinkSync('/bin/sh', join(folder, 'sh'))
    const namespace = join(folder, 'lb x')
    writeFileSync(namespace, '')
    return await read(nativeHost('web2', ['/usr/bin/env', `PATH=${folder}`, '/bin/sh', '-c']), namespace)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const nsenter = 'shift; exec "$@"'
const save = `printf '*mangle\\n[3:180] -A OUTPUT -d 10.91.1.2/32 -j MARK --set-xmark 0x103/0xffffffff\\n'`
const table = 'FWM  00000103 rr\\n  -> 0A5B0106:0000      Masq    1      0          0'

const thrownBy = async (read: Promise<unknown>): Promise<unknown> => read.catch((error: unknown) => error)

describe('reading in a namespace', () => {
  it('gives what the programs there print', async () => {
    // The kernel of this machine may have no IPVS.
    const tools = { nsenter, 'iptables-save': save, cat: `printf '${table}\\n'` }
    const balancer = await withTools(tools, readBalancer)
    expect(balancer?.firewall.map(({ chain, packets }) => [chain, packets])).to.deep.equal([['OUTPUT', 3]])
    expect(balancer?.ipvs).to.deep.equal([
      {
        firewallMark: 259,
        scheduler: 'rr',
        destinations: [{ address: '10.91.1.6', weight: 1, forwarding: 'Masq' }],
      },
    ])
  })

  it('gives what a balancer of nftables chooses from where IPVS has nothing, if the kernel has nf_tables', async () => {
    const tools = {
      nsenter,
      'iptables-save': 'true',
      grep: 'exit 0',
      nft: `echo '${recorded('nft-balancer', 'ruleset.json')}'`,
    }
    const chosen = await withTools({ ...tools, cat: 'exit 1' }, readBalancer)
    expect(chosen?.ipvs).to.deep.equal([])
    expect(chosen?.nftables?.flatMap(({ rules }) => rules.map(({ leadsTo }) => leadsTo))).to.include(
      '10.91.1.4',
    )
    // IPVS balances: nft is not asked.
    const balanced = await withTools({ ...tools, cat: `printf '${table}\n'` }, readBalancer)
    expect(balanced).to.not.have.property('nftables')
  })

  it('names the tool the host lacks, whatever its shell says of it', async () => {
    const lacking = await withTools({}, (host, namespace) => thrownBy(readBalancer(host, namespace)))
    expect(lacking).to.be.instanceOf(MissingTool).with.property('tool', 'nsenter')
    const without = await withTools({ nsenter }, (host, namespace) =>
      thrownBy(readIpvsTimers(host, namespace)),
    )
    expect(without).to.be.instanceOf(MissingTool).with.property('tool', 'ipvsadm')
  })

  it('tells a namespace that is not there from one that cannot be read', async () => {
    const tools = { nsenter: 'exit 1', 'iptables-save': save }
    await withTools(tools, async (host, namespace) => {
      expect(await readBalancer(host, `${namespace}-gone`)).to.equal(undefined)
      expect(await thrownBy(readBalancer(host, namespace))).to.have.property('code', 'OBSERVE_FAILED')
    })
  })
})
