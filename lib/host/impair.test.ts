import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Topology } from '../topology/topology.ts'
import { findTopology } from '../topology/find-topology.ts'
import { impairedAttachments } from '../topology/impaired-attachments.ts'
import { netemThere } from './container/require-netem.ts'
import { impairmentFact, impairProgram, impairScript, netemWords } from './impair.ts'
import { planIdentity } from './vm/lab-plan.ts'
import { guestStartScript } from './vm/identity.ts'

const impaired = findTopology('impaired')
const [, , worker2] = impaired.nodes

/** `ip` as it answers for an address of eth1, and a `tc` that writes down what it is asked. */
function onHost(
  script: string,
  words: readonly string[] = [],
  tc = 'exit 0',
): { status: number | null; asked: string; said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-impair-'))
  try {
    writeFileSync(
      join(folder, 'ip'),
      `#!/bin/sh
[ "$*" = '-o -4 addr show to 192.168.56.13' ] || exit 0
echo '3: eth1    inet 192.168.56.13/24 scope global eth1\\       valid_lft forever preferred_lft forever'
`,
      { mode: 0o755 },
    )
    writeFileSync(join(folder, 'tc'), `#!/bin/sh\necho "$@" >>${folder}/asked\n${tc}\n`, { mode: 0o755 })
    const ran = spawnSync('sh', ['-c', script, 'sh', ...words], {
      ...{ encoding: 'utf8', env: { PATH: `${folder}:/usr/bin:/bin` } },
    })
    const asked = spawnSync('cat', [join(folder, 'asked')], { encoding: 'utf8' }).stdout
    return { status: ran.status, asked, said: ran.stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('impairing a host', () => {
  const attached = worker2 === undefined ? [] : impairedAttachments(worker2, impaired)
  const asked = 'qdisc replace dev eth1 root netem delay 25ms loss random 0.5% rate 20000kbit reorder 1%\n'

  it('asks tc for what the topology says, on the interface that has the address', () => {
    expect(onHost(impairScript(attached).text)).to.deep.equal({ status: 0, asked, said: '' })
    expect(onHost(impairProgram.text, netemWords(attached))).to.deep.equal({ status: 0, asked, said: '' })
  })

  it('leaves out what is not given', () => {
    const [one] = attached.map((attachment) => ({ ...attachment, impairment: { lossPercent: 3 } }))
    expect(onHost(impairScript(one === undefined ? [] : [one]).text).asked).to.equal(
      'qdisc replace dev eth1 root netem loss random 3%\n',
    )
  })

  it('fails where no interface has the address, and where the kernel has no netem', () => {
    const elsewhere = attached.map((attachment) => ({ ...attachment, address: '192.168.56.99' }))
    expect(onHost(impairScript(elsewhere).text)).to.deep.equal({
      ...{ status: 9, asked: '', said: 'no interface has 192.168.56.99, whose packets are to be impaired\n' },
    })
    const refused = onHost(
      impairScript(attached).text,
      [],
      "echo 'Error: Specified qdisc kind is unknown.' >&2; exit 2",
    )
    expect(refused).to.deep.include({
      ...{ status: 9, said: 'eth1 cannot be impaired; it takes tc and the kernel module sch_netem\n' },
    })
  })

  it('is part of what a machine does at every start, of impaired labs alone', () => {
    const keys = { hostPublicKey: 'a', clientPublicKey: 'b' }
    const startOf = (topology: Topology): string =>
      guestStartScript({ ...planIdentity(topology, 2, keys), hostPrivateKey: 'c' })
    expect(startOf(impaired)).to.contain("set -- 192.168.56.13 25ms '0.5%' 20000kbit '1%'\n")
    expect(startOf(findTopology('three-node'))).not.to.contain('netem')
  })

  it('is a fact of the lab', () => {
    expect(impairmentFact(impaired)).to.deep.equal({
      'impaired on purpose':
        "underlay 'underlay': 10 ms of delay, 0.1 % lost, 100 Mbit/s; underlay 'underlay': 25 ms of delay, 0.5 % lost, 20 Mbit/s, 1 % sent out of order, from worker2; at every sender",
    })
    expect(impairmentFact(findTopology('three-node'))).to.deep.equal({})
  })
})

describe('whether a kernel has netem', () => {
  // As /proc/kallsyms of a lab's machine has it, its module loaded; and of a kernel without.
  const loaded =
    '0000000000000000 t netem_module_init\t[sch_netem]\n0000000000000000 t netem_enqueue\t[sch_netem]\n'
  const without = '0000000000000000 T netdev_emerg\n0000000000000000 t fq_codel_enqueue\n'
  const found = (symbols: string): number | null => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-symbols-'))
    const file = join(folder, 'kallsyms')
    writeFileSync(file, symbols)
    expect(readFileSync(file, 'utf8')).to.equal(symbols)
    const { status } = spawnSync('sh', ['-c', netemThere.text.replace('/proc/kallsyms', file)])
    rmSync(folder, { recursive: true })
    return status
  }

  it('is read of its symbols, and nothing is loaded by that', () => {
    expect(found(loaded)).to.equal(0)
    expect(found(without)).to.equal(1)
    expect(netemThere.text).not.to.match(/modprobe|tc /)
  })
})
