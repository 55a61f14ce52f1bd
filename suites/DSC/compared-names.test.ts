import { expect } from 'chai'
import { asked } from '../three-nodes.fake.ts'
import { compareNames, inheritanceProblems, type ComparedName } from './compared-names.ts'

const by = (
  who: 'task' | 'host',
  node: string,
  name: string,
  addresses?: readonly string[],
  rcode?: string,
): ComparedName => {
  const from = who === 'task' ? `swp-rr@${node}` : node
  return { node, name, by: who, probe: asked(from, addresses, rcode) }
}

describe('a name asked on a host and in its task', () => {
  it('is inherited where both know it, and where neither does', () => {
    const compared = compareNames([
      by('task', 'worker1', 'lab.example', ['192.0.2.7']),
      by('host', 'worker1', 'lab.example'),
      by('host', 'worker1', 'lab.example', ['192.0.2.7']),
      by('task', 'worker2', 'lab.example', [], 'NXDOMAIN'),
      by('host', 'worker2', 'lab.example', [], 'NXDOMAIN'),
    ])
    expect(inheritanceProblems(compared)).to.deep.equal([])
    expect(compared.map(({ node, onHost }) => [node, onHost])).to.deep.equal([
      ['worker1', ['192.0.2.7']],
      ['worker2', []],
    ])
  })

  it('is not where the host alone has an address for it', () => {
    const compared = compareNames([
      by('task', 'worker1', 'lab.example', [], 'SERVFAIL'),
      by('host', 'worker1', 'lab.example', ['192.0.2.7']),
    ])
    expect(inheritanceProblems(compared)).to.deep.equal([
      {
        ...{ code: 'name-not-inherited', kind: 'missed', node: 'worker1', subject: 'lab.example' },
        ...{ ends: { from: 'swp-rr@worker1', to: 'lab.example' } },
        ...{ expected: '192.0.2.7', observed: 'SERVFAIL' },
      },
    ])
  })
})
