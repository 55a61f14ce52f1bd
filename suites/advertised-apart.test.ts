import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import type { ClusterFacts, NodeFacts } from '../lib/observation/facts.ts'
import type { Finding } from '../lib/observation/finding.ts'
import { parseRun } from '../lib/report/read-run.ts'
import type { Changeable } from './stored/changed-kernel.fake.ts'
import { unpacked } from './stored/unpacked.fake.ts'

/** worker2 left the swarm and joined again with the address of its management interface. */
const run = 'advertised-apart'

function findingsWhere(change: (node: Changeable<NodeFacts>) => void = () => {}): Finding[] {
  const folder = unpacked(run)
  const record = parseRun(readFileSync(join(folder, 'run.json'), 'utf8'), 'run.json')
  const read = observationReader(folder, record)
  return diagnose(record, (lab, file) => {
    const stored = structuredClone(read(lab, file))
    if (file.startsWith('facts#')) (stored as Changeable<ClusterFacts>).nodes.forEach(change)
    return stored
  })
}

const failed = (): string[] =>
  parseRun(readFileSync(join(unpacked(run), 'run.json'), 'utf8'), 'run.json')
    .requirements.filter(({ verdict }) => verdict?.outcome === 'fail')
    .map(({ id }) => id)

describe('a node that advertises its address of another network', () => {
  it('is the one cause of all that failed, also where managers list it by the right address', () => {
    const found = findingsWhere()
    expect(found.map(({ code, severity, nodes }) => [code, severity, nodes])).to.deep.equal([
      ['advertise-addresses-of-two-kinds', 'cause', ['worker2']],
    ])
    expect(found[0]?.title).to.equal(
      'worker2 advertises 172.31.250.15 (eth0), the others addresses of 192.168.56.0/24, where worker2 has 192.168.56.13 (eth1)',
    )
    expect([...(found[0]?.explains ?? [])].sort()).to.deep.equal(failed().sort())
  })

  it('is told of a manager as well', () => {
    const apart = findingsWhere((node) => {
      if (node.name === 'manager') node.advertised = '172.31.250.15'
      if (node.name === 'worker2') node.advertised = '192.168.56.13'
    })
    expect(apart.map(({ code }) => code)).to.include('advertise-addresses-of-two-kinds')
    expect(apart.find(({ code }) => code === 'advertise-addresses-of-two-kinds')?.nodes).to.deep.equal([
      'manager',
    ])
  })

  it('is not told where all advertise addresses of one network, and what follows from silence is no cause of its own', () => {
    const found = findingsWhere((node) => {
      node.advertised = node.advertise.address
    })
    expect(found.map(({ code, nodes }) => [code, nodes])).to.deep.equal([['gossip-udp-blocked', ['worker2']]])
    expect(found[0]?.explains).to.include.members(['CTL-03', 'DSC-02', 'LB-02', 'ING-01'])
  })
})
