import { expect } from 'chai'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { findingsWhereSeen } from './stored/findings-where.fake.ts'

const known = (node: string, subject = 'swp-web'): Problem => ({
  ...{ code: 'name-known-on-host', kind: 'seen', node, network: 'swp-clear', subject, address: '10.91.1.1' },
})

interface Names {
  hosts: Record<string, { got: { name: string; addresses: string[]; inHostsFile?: string[] }[] }>
}

/** A sound run, had these hosts known the name, and had their files said so. */
async function causesWhere(
  problems: readonly Problem[],
  files: Readonly<Record<string, readonly string[]>>,
): Promise<unknown[]> {
  const failing = (record: RunRecord): RunRecord => ({
    ...record,
    requirements: record.requirements.map((one) =>
      one.id === 'DSC-05' && one.verdict !== undefined
        ? { ...one, verdict: { ...one.verdict, outcome: 'fail', problems } }
        : one,
    ),
  })
  const found = await findingsWhereSeen(
    'standard-conformant',
    (key, seen) => {
      if (key !== 'DSC-05') return seen
      for (const [node, { got }] of Object.entries((seen as Names).hosts))
        for (const asked of got)
          if (asked.name === 'swp-web' && files[node] !== undefined) asked.inHostsFile = [...files[node]]
      return seen
    },
    failing,
  )
  return found
    .filter(({ severity }) => severity === 'cause')
    .map(({ code, title, nodes, explains }) => [code, title, nodes, explains])
}

describe('a service’s name in the hosts file of a node', () => {
  it('is the cause of what the node’s resolver knows', async () => {
    expect(await causesWhere([known('worker2')], { worker2: ['10.91.1.1'] })).to.deep.equal([
      [
        'name-in-hosts-file',
        '/etc/hosts of worker2 names swp-web: 10.91.1.1 swp-web',
        ['worker2'],
        ['DSC-05'],
      ],
    ])
    const both = await causesWhere([known('worker1'), known('manager')], {
      ...{ worker1: ['192.0.2.1', '10.91.1.1'], manager: ['10.91.1.1'], worker2: [] },
    })
    expect(both).to.deep.equal([
      [
        'name-in-hosts-file',
        '/etc/hosts of worker1 and manager names swp-web: 10.91.1.1 swp-web',
        ['worker1', 'manager'],
        ['DSC-05'],
      ],
    ])
  })

  it('is none where the file has another address, does not have it, or was not read', async () => {
    expect(await causesWhere([known('worker2')], { worker2: ['192.0.2.1'] })).to.deep.equal([])
    expect(await causesWhere([known('worker2')], { worker2: [], worker1: ['10.91.1.1'] })).to.deep.equal([])
    expect(await causesWhere([known('worker2')], {})).to.deep.equal([])
    expect(await causesWhere([], { worker2: ['10.91.1.1'] })).to.deep.equal([])
  })
})
