import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import type { FinishedRun } from '../lib/conformance/run.ts'
import { packageRoot } from '../lib/package-root.ts'
import { writeReports } from '../lib/report/report.ts'
import { docker } from '../lib/swarm/docker.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { filesWith } from './holds-secret.fake.ts'
import { raisedLab } from './raised-lab.fake.ts'
import { unwanted, verifyGiven } from './lab-test.ts'
import { sh } from '../lib/script.ts'

const run = promisify(execFile)
const topology = findTopology('three-node')

/** Real machines, real engines, real packets: one lab for all of it. */
describe('a three-node lab', () => {
  const lab = raisedLab('three-node', 'lab')
  let whole: FinishedRun

  it('is conformant in every requirement of the standard profile', async () => {
    whole = await verifyGiven(topology, lab.raised, [], lab.folder)
    expect(whole.record.failures, 'failures of the harness').to.deep.equal([])
    expect(unwanted(whole.record.requirements)).to.deep.equal([])
    expect(whole.record.state).to.equal('finished')
  })

  it('writes every report, without a problem', async () => {
    const files = await writeReports(whole.store.folder)
    expect(files.errors).to.deep.equal([])
    expect(readdirSync(whole.store.folder)).to.include.members([
      'run.json',
      'conformance.html',
      'junit.xml',
      'allure-results',
      'captures',
      'log.ndjson',
    ])
  })

  it('lets no key, token or password into any file of the run', async () => {
    const secrets = await secretsOf(lab.raised)
    expect(secrets, 'secrets of the lab').to.have.lengthOf.above(6)
    for (const [name, secret] of secrets)
      expect(filesWith(whole.store.folder, [secret]), `files with a ${name}`).to.deep.equal([])
  })

  it('leaves captures that tshark reads as we do', async () => {
    const captures = readdirSync(join(whole.store.folder, 'captures')).filter((name) =>
      name.endsWith('.pcap'),
    )
    expect(captures).to.have.lengthOf.above(5)
    for (const capture of captures) await sameAsTshark(join(whole.store.folder, 'captures', capture))
  })
})

/** The real secrets of the lab, read past all redaction. */
async function secretsOf({ cluster, lab }: ReadyLab): Promise<(readonly [string, string])[]> {
  const tokens = await docker(
    cluster.manager.host,
    sh`docker swarm join-token -q worker; docker swarm join-token -q manager`,
  )
  const secrets = tokens
    .trim()
    .split('\n')
    .map((token): readonly [string, string] => ['join token', token])
  for (const host of lab.hosts) {
    const states = await host.remote.exec(sh`ip xfrm state; cat /etc/ssh/ssh_host_ed25519_key`)
    for (const [, key = ''] of states.stdout.matchAll(/aead \S+ 0x([0-9a-f]{16,})/g)) {
      secrets.push([`IPsec key of ${host.name}`, key])
    }
    const middle = states.stdout.split('\n').find((line) => /^[A-Za-z0-9+/]{60,}$/.test(line))
    if (middle !== undefined) secrets.push([`SSH host key of ${host.name}`, middle])
  }
  return secrets
}

async function sameAsTshark(file: string): Promise<void> {
  const ours = JSON.parse(
    (await run(process.execPath, [join(packageRoot(), 'bin', 'swarmproof.js'), 'inspect', file, '--json']))
      .stdout,
  ) as { packets: number; vxlan: { vni: number; packets: number }[]; esp: { spi: string; packets: number }[] }
  const fields = ['-e', 'frame.number', '-e', 'vxlan.vni', '-e', 'esp.spi']
  const { stdout } = await run('tshark', ['-r', file, '-T', 'fields', ...fields], {
    maxBuffer: 64 * 1024 * 1024,
  })
  const lines = stdout.split('\n').filter((line) => line !== '')
  const theirs = new Map<string, number>()
  for (const line of lines) {
    const [, vni = '', spi = ''] = line.split('\t')
    const key = vni !== '' ? `vni ${vni}` : spi !== '' ? `spi ${spi}` : ''
    if (key !== '') theirs.set(key, (theirs.get(key) ?? 0) + 1)
  }
  const ledger = new Map<string, number>()
  for (const { vni, packets } of ours.vxlan)
    ledger.set(`vni ${vni}`, (ledger.get(`vni ${vni}`) ?? 0) + packets)
  for (const { spi, packets } of ours.esp) ledger.set(`spi ${spi}`, (ledger.get(`spi ${spi}`) ?? 0) + packets)
  expect(ours.packets, `packets in ${file}`).to.equal(lines.length)
  expect([...ledger].sort(), `ledger of ${file}`).to.deep.equal([...theirs].sort())
}
