import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import type { ClusterFacts } from '../lib/observation/facts.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { parseRun } from '../lib/report/read-run.ts'
import { causesWhere } from './stored/causes-where.fake.ts'
import type { Changeable, ChangeKernel } from './stored/changed-kernel.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'
import { unpacked } from './stored/unpacked.fake.ts'

const run = 'balancer-forwarding-off'

describe('a balancer with other settings', () => {
  it('is the cause of what is missed through it', async () => {
    const found = await findingsWhere(run)
    expect(found.map(({ code, nodes }) => [code, nodes])).to.deep.equal([
      ['balancer-settings-differ', ['worker1']],
    ])
    expect(found[0]?.explains).to.deep.equal(['DSC-04', 'LB-01'])
  })

  it('is none where all nodes have the same', async () => {
    const found = await findingsWhere(run, ({ namespaces }) => {
      for (const { settings = {} } of Object.values(namespaces)) settings['net.ipv4.ip_forward'] = '0'
    })
    expect(found).to.deep.equal([])
  })

  it('is none where only nodes with another engine have them otherwise', () => {
    const folder = unpacked(run)
    const record = parseRun(readFileSync(join(folder, 'run.json'), 'utf8'), 'run.json')
    const read = observationReader(folder, record)
    const codesWhere = (engineVersion: string | undefined): string[] =>
      diagnose(record, (lab, file) => {
        const stored = structuredClone(read(lab, file))
        if (!file.startsWith('facts#') || engineVersion === undefined) return stored
        for (const node of (stored as Changeable<ClusterFacts>).nodes)
          if (node.name === 'worker1') node.engineVersion = engineVersion
        return stored
      }).map(({ code }) => code)
    expect(codesWhere(undefined)).to.deep.equal(['balancer-settings-differ'])
    expect(codesWhere('18.09.1')).to.deep.equal([])
  })

  it('that only concern connections left behind is advice where requests get no answer at all', async () => {
    const found = await findingsWhere(run, ({ namespaces }, node) => {
      for (const { settings = {} } of Object.values(namespaces)) settings['net.ipv4.ip_forward'] = '1'
      leaveConnections(namespaces, node === 'worker1' ? '0' : '1')
    })
    expect(found.map(({ code, severity, explains }) => [code, severity, explains])).to.deep.equal([
      ['balancer-settings-differ', 'advice', []],
    ])
  })

  it('that only concern connections left behind is the cause of those that were reset', () => {
    const reset: Problem = {
      ...{ code: 'connections-reset', kind: 'seen', node: 'worker1', network: 'swp-clear' },
      ...{ subject: 'by the virtual IP', expected: 200, observed: 7 },
    }
    const where = (node: string) =>
      causesWhere({ 'LB-06': [{ ...reset, node }] }, ({ namespaces }, on) => {
        leaveConnections(namespaces, on === 'worker1' ? '0' : '1')
      }).map(({ code }) => code)
    expect(where('worker1')).to.include('balancer-settings-differ')
    expect(where('manager')).to.not.include('balancer-settings-differ')
  })

  it('of the mesh explains published ports of its node, and nothing that goes out by its gateway', async () => {
    const sandboxOff: ChangeKernel = ({ root, namespaces }, node) => {
      root.forwards = true
      const inside = namespaces['ingress_sbox']
      if (inside !== undefined) inside.settings = { 'net.ipv4.ip_forward': node === 'worker2' ? '0' : '1' }
    }
    const found = await findingsWhere('forwarding-off', sandboxOff)
    expect(found.map(({ code, nodes, explains }) => [code, nodes, explains])).to.deep.equal([
      ['balancer-settings-differ', ['worker2'], ['ING-01']],
    ])
  })
})

function leaveConnections(namespaces: Parameters<ChangeKernel>[0]['namespaces'], value: string): void {
  for (const inside of Object.values(namespaces))
    inside.settings = { ...inside.settings, 'net.ipv4.vs.expire_nodest_conn': value }
}
