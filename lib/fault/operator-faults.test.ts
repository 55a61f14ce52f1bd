import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { FakeRemote } from '../remote/fake-remote.ts'
import { dataPathAddressRemoved } from './data-path-address-gone.ts'
import type { Fault } from './fault.ts'
import { forwardingSwitchedOff } from './forwarding-off.ts'
import { rulesFlushed } from './operator-firewall-faults.ts'
import { recordedLab } from './recorded-lab.fake.ts'

const { on, remotes } = recordedLab({ device: 'eth2', prefix: 'swp' })
const victim = remotes[2] as FakeRemote

/** The scripts that plant a fault and remove it. */
async function scriptsOf(fault: Fault): Promise<{ readonly plant: string; readonly remove: string }> {
  const { remove } = await fault.plant(on)
  const plant = victim.commands.at(-1) ?? ''
  await remove()
  return { plant, remove: victim.commands.at(-1) ?? '' }
}

describe('what operators do to a host', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swp-operators-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** Runs a script with programs that only say how they were called; one fails where it is called like this. */
  function run(
    script: string,
    fails = 'never',
  ): { readonly status: number | null; readonly calls: string[] } {
    const calls = join(folder, 'calls')
    for (const name of ['iptables', 'iptables-save', 'iptables-restore', 'sysctl']) {
      const program = join(folder, name)
      writeFileSync(
        program,
        `#!/bin/sh\necho "${name} $*" >>${calls}\ncase "${name} $*" in *"${fails}"*) exit 1 ;; esac\n`,
      )
      chmodSync(program, 0o755)
    }
    const here = script.replaceAll(/\/(run|etc\/sysctl\.d)\//g, `${folder}/`)
    const { status } = spawnSync('sh', ['-c', here], { env: { PATH: `${folder}:${process.env['PATH']}` } })
    return { status, calls: readFileSync(calls, 'utf8').trim().split('\n') }
  }

  it('who flush all rules leave no policy that drops, and get back all that was there', async () => {
    const { plant, remove } = await scriptsOf(rulesFlushed)
    const { status, calls } = run(plant)
    expect(status).to.equal(0)
    expect(calls.slice(0, 4)).to.deep.equal([
      'iptables-save ',
      ...['INPUT', 'FORWARD', 'OUTPUT'].map((chain) => `iptables -w -P ${chain} ACCEPT`),
    ])
    expect(calls).to.have.lengthOf(12).and.not.include('iptables-restore -w')
    expect(existsSync(join(folder, 'swarmproof-ruleset'))).to.equal(true)
    expect(run(remove).calls.at(-1)).to.equal('iptables-restore -w')
    expect(existsSync(join(folder, 'swarmproof-ruleset'))).to.equal(false)
  })

  it('who fail to flush some rules have the others back', async () => {
    const { status, calls } = run((await scriptsOf(rulesFlushed)).plant, '-t mangle -F')
    expect(status).to.equal(1)
    expect(calls.slice(-2)).to.deep.equal(['iptables -w -t mangle -F', 'iptables-restore -w'])
  })

  it('who cannot switch forwarding off leave no file that does it later', async () => {
    const { plant, remove } = await scriptsOf(forwardingSwitchedOff)
    const file = join(folder, '90-hardening.conf')
    expect([run(plant).status, readFileSync(file, 'utf8')]).to.deep.equal([0, 'net.ipv4.ip_forward=0\n'])
    expect([run(remove).status, existsSync(file)]).to.deep.equal([0, false])
    expect([run(plant, 'sysctl').status, existsSync(file)]).to.deep.equal([1, false])
  })
})

describe('an address that is gone', () => {
  const listed =
    '7: eth2    inet 192.168.56.13/24 brd 192.168.56.255 scope global eth2\\       valid_lft forever\n'

  it('comes back with its broadcast address and the routes that went with it', async () => {
    victim
      .answer('ip -o -4 addr show dev eth2', listed)
      .answer(
        'ip -4 route show dev eth2',
        [
          'default via 192.168.56.254 ',
          '10.9.0.0/16 scope link linkdown ',
          '192.168.56.0/24 proto kernel scope link src 192.168.56.13 ',
          '',
        ].join('\n'),
      )
    const { plant, remove } = await scriptsOf(dataPathAddressRemoved)
    expect(plant).to.equal('set -e\nip addr del 192.168.56.13/24 dev eth2')
    expect(remove.split('\n')).to.deep.equal([
      'set -e',
      'ip addr add 192.168.56.13/24 brd 192.168.56.255 dev eth2',
      'ip route replace 10.9.0.0/16 scope link dev eth2',
      'ip route replace default via 192.168.56.254 dev eth2',
    ])
  })

  it('comes back without a broadcast address where it had none', async () => {
    victim.answer('ip -o -4 addr show dev eth2', '7: eth2    inet 192.168.56.13/24 scope global eth2\n')
    victim.answer('ip -4 route show dev eth2', '')
    expect((await scriptsOf(dataPathAddressRemoved)).remove).to.equal(
      'set -e\nip addr add 192.168.56.13/24 dev eth2',
    )
  })

  it('is not planted where the swarm itself uses it, nor where the interface does not have it', async () => {
    const codeOf = async (given: typeof on): Promise<unknown> =>
      dataPathAddressRemoved.plant(given).catch((error: { code?: unknown }) => error.code)
    const nodes = on.cluster.nodes.map((node) => ({ ...node, advertise: node.dataPath }))
    expect(await codeOf({ ...on, cluster: { ...on.cluster, nodes } })).to.equal('FAULT_IMPOSSIBLE')
    victim.answer('ip -o -4 addr show dev eth2', '7: eth2    inet 192.168.56.130/24 scope global eth2\n')
    expect(await codeOf(on)).to.equal('FAULT_IMPOSSIBLE')
  })
})
