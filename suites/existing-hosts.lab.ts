import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import { type Script, sh } from '../lib/script.ts'
import { raisedLab } from './raised-lab.fake.ts'
import { type Validated, validateLab } from './validate-lab.fake.ts'

/** A second stack three times, which takes long: `EXISTING_HOSTS=1` asks for it, the test command alone does not. */
const describeAsked = process.env['EXISTING_HOSTS'] === undefined ? describe.skip : describe

/** The lab's hosts as somebody's own, over SSH; on each something happens that is not about the network. */
describeAsked('existing hosts', () => {
  const lab = raisedLab('three-node', 'existing')

  const on = async (name: string, script: Script): Promise<string> => {
    const host = lab.raised.lab.hosts.find((one) => one.name === name) ?? expect.fail(`no host ${name}`)
    const { stdout, stderr, exitCode } = await host.remote.exec(script, { timeoutMs: 120_000 })
    expect(exitCode, stderr).to.equal(0)
    return stdout.trim()
  }
  const validate = async (
    selection: readonly string[],
    onSaid?: (said: string) => void,
  ): Promise<Validated & { record: RunRecord }> => {
    const { folder, raised } = lab
    const validated = await validateLab(raised.lab, folder, selection, onSaid)
    const file = join(folder, 'reports', 'latest', 'run.json')
    return { ...validated, record: JSON.parse(readFileSync(file, 'utf8')) as RunRecord }
  }
  const outcomes = (record: RunRecord): Record<string, string | undefined> =>
    Object.fromEntries(record.requirements.map(({ id, verdict }) => [id, verdict?.outcome]))
  const findings = (record: RunRecord): string[] =>
    record.findings.map(({ severity, code, nodes }) => `${severity} ${code} ${nodes.join(' ')}`)

  it('whose swarm loses a node for a while: nothing fails of it, and it is told', async () => {
    let frozen: Promise<string> | undefined
    const { record, told } = await validate(['--only', ...tasksOfAllNodes], (said) => {
      if (/^\S* *(✔|pass) +CTL-/m.test(said))
        frozen ??= on(
          'worker2',
          sh`kill -STOP $(pidof dockerd); sleep 40; kill -CONT $(pidof dockerd); echo thawed`,
        )
    })
    expect(await frozen).to.equal('thawed')
    expect(Object.values(outcomes(record)), told).not.to.include.members(['fail'])
    expect(Object.values(outcomes(record)), told).not.to.include.members(['broken'])
    expect(findings(record), told).to.include('advice swarm-moved worker2')
  })

  it('one of which has left-over VXLAN devices: verified as far as it goes, and what is in the way is the cause', async () => {
    await on(
      'worker1',
      sh`for i in $(seq 4096 4160); do ip link add left$i type vxlan id $i dstport 4789 nolearning 2>/dev/null; done; true`,
    )
    const { record, told, exitCode } = await validate(['--profile', 'quick'])
    await on('worker1', sh`for i in $(seq 4096 4160); do ip link del left$i 2>/dev/null; done; true`)
    expect(exitCode, told).to.be.oneOf([1, 2])
    expect(Object.values(outcomes(record)), told).to.include('pass')
    expect(findings(record)[0], told).to.equal('cause foreign-vxlan-device worker1')
  })

  it('one of which has no esp4: what needs it fails, and only that', async () => {
    await on(
      'manager',
      sh`docker service rm $(docker service ls -q); docker network rm $(docker network ls -q --filter label=swarmproof) || true`,
    )
    await on(
      'worker1',
      sh`echo 'install esp4 /bin/false' >/etc/modprobe.d/no-esp4.conf
for second in $(seq 30); do
  # Engines leave states of peers behind when the last task of an encrypted network is gone.
  ip xfrm state list nokeys | awk '/^src/ { ends = $0 } /proto esp/ { print ends, "proto esp spi", $4 }' |
    while read -r state; do ip xfrm state delete $state; done
  modprobe -r esp4_offload esp4 2>/dev/null
  grep -q '^esp4 ' /proc/modules || exit 0
  sleep 1
done
lsmod; ip xfrm state; exit 1`,
    )
    const { record, told, exitCode } = await validate([
      '--only',
      'CTL-04',
      'OVL-03',
      'ENC-01',
      'ENC-02',
      'ENC-07',
    ])
    expect(outcomes(record), told).to.deep.include({ 'CTL-04': 'pass', 'ENC-01': 'fail' })
    expect(findings(record)[0], told).to.equal('cause kernel-without-esp4 worker1')
    expect(exitCode, told).to.equal(1)
  })
})

const tasksOfAllNodes = [
  'CTL-01',
  'CTL-02',
  'CTL-03',
  'CTL-04',
  'OVL-03',
  'DSC-01',
  'DSC-02',
  'LB-01',
  'ING-01',
  'VXL-01',
  'ENC-01',
]
