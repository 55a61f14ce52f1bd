import { expect } from 'chai'
import { explainAltered } from '../../suites/golden/altered-case.fake.ts'
import type { Finding } from '../observation/finding.ts'
import { type Alike, joinAlike, joinGenerations } from './alike.ts'
import { inWords } from './in-words.ts'

const [finding] = explainAltered('upstream-unreachable').findings as [Finding]
const told: Alike['told'] = (nodes) => ({
  title: `no server of ${nodes}`,
  cause: 'dead',
  remedy: [`on ${nodes}`],
})
const at = (node: string, explains: string[], key?: string) => ({
  finding: { ...finding, cause: 'dead', remedy: [], nodes: [node], explains, proof: [`${node}: silent`] },
  ...(key === undefined ? {} : { alike: { key, told } }),
})

describe('findings of one rule that say the same of their nodes', () => {
  it('are one, with all nodes, all evidence and all that they explain, where the first of them stood', () => {
    const joined = joinAlike([
      at('a', ['DSC-08'], '192.0.2.53'),
      at('b', ['ING-01']),
      at('c', ['DSC-06', 'DSC-08'], '192.0.2.53'),
      at('d', ['DSC-08'], '192.0.2.54'),
    ])
    expect(joined.map(({ nodes, explains }) => [nodes, explains])).to.deep.equal([
      [
        ['a', 'c'],
        ['DSC-08', 'DSC-06'],
      ],
      [['b'], ['ING-01']],
      [['d'], ['DSC-08']],
    ])
    expect(joined[0]).to.deep.include({
      ...{
        code: finding.code,
        severity: finding.severity,
        title: 'no server of a and c',
        remedy: ['on a and c'],
      },
      proof: ['a: silent', 'c: silent'],
    })
    expect(joined.slice(1).map(({ title }) => title)).to.deep.equal([finding.title, finding.title])
  })

  it('name some of many nodes in words, and have all', () => {
    const names = Array.from({ length: 20 }, (_, index) => `worker${index + 1}`)
    const [one] = joinAlike(names.map((name) => at(name, ['DSC-08'], 'same')))
    expect(one?.nodes).to.deep.equal(names)
    expect(one?.title).to.equal('no server of worker1, worker2, worker3, worker4, worker5 and 15 more')
    expect(one?.proof).to.have.lengthOf(8)
    expect(inWords(names.slice(0, 6))).to.equal('worker1, worker2, worker3, worker4, worker5 and worker6')
  })

  it('are one where they hold of two generations', () => {
    const [first] = [at('a', ['DSC-08'])]
    const later = { ...first?.finding, generation: 1, explains: ['DSC-06'] } as Finding
    const other = { ...later, nodes: ['b'] }
    expect(
      joinGenerations([first?.finding as Finding, later, other]).map((one) => [
        one.generation,
        one.nodes,
        one.explains,
      ]),
    ).to.deep.equal([
      [first?.finding.generation, ['a'], ['DSC-08', 'DSC-06']],
      [1, ['b'], ['DSC-06']],
    ])
  })
})
