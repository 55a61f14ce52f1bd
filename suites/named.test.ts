import { expect } from 'chai'
import type { Fault, NamedBy } from '../lib/fault/fault.ts'
import { type FindingSaid, misnamed, type Standing } from './named.ts'

function standing(
  host: string,
  namedBy?: NamedBy,
  more: Partial<Standing['at']> & { besides?: string[] } = {},
): Standing {
  const { besides, ...at } = more
  const plant = (): never => {
    throw new Error('nothing is planted here')
  }
  const common = {
    name: 'x',
    description: 'x',
    breaks: ['OVL-03'],
    plant,
    ...(besides === undefined ? {} : { besides }),
  }
  const fault: Fault =
    namedBy === undefined ? { ...common, unnamed: 'it is made up' } : { ...common, namedBy }
  return { fault, at: { host, ...at } }
}

const cause = (code: string, at: Partial<Pick<FindingSaid, 'nodes' | 'pairs'>>): FindingSaid => ({
  code,
  severity: 'cause',
  title: `${code} is it`,
  nodes: [],
  pairs: [],
  explains: ['OVL-03'],
  ...at,
})

const atHost: NamedBy = { code: 'esp-blocked', at: 'host' }
const atPairs: NamedBy = { code: 'esp-blocked', at: 'pairs' }

describe('what a fault is named by', () => {
  const espAt = cause('esp-blocked', { nodes: ['worker2'] })

  it('is right where the declared finding comes first, at its host', () => {
    expect(misnamed([standing('worker2', atHost)], [espAt])).to.deep.equal([])
  })

  it('is wrong at another node, at one more node, and where it is missing', () => {
    for (const nodes of [['worker1'], ['worker1', 'worker2'], []])
      expect(misnamed([standing('worker2', atHost)], [cause('esp-blocked', { nodes })])).to.have.lengthOf(2)
    expect(misnamed([standing('worker2', atHost)], [])).to.deep.equal([
      'esp-blocked at worker2 was not found',
    ])
  })

  it('is right of pairs of its host alone', () => {
    const pairs = (...list: (readonly [string, string])[]): FindingSaid =>
      cause('esp-blocked', { pairs: list.map(([from, to]) => ({ from, to })) })
    expect(misnamed([standing('a', atPairs)], [pairs(['a', 'b'], ['c', 'a'])])).to.deep.equal([])
    expect(misnamed([standing('a', atPairs)], [pairs(['a', 'b'], ['b', 'c'])])).to.not.deep.equal([])
    expect(misnamed([standing('a', atPairs)], [pairs()])).to.not.deep.equal([])
  })

  it('is where the cause is, if it shows elsewhere', () => {
    const at = standing('worker1', atHost, { causeAt: 'worker2' })
    expect(misnamed([at], [espAt])).to.deep.equal([])
  })

  it('is wrong where another cause is said, first or later, but for declared consequences and advice', () => {
    const other = cause('mtu', { nodes: ['worker2'] })
    expect(misnamed([standing('worker2', atHost)], [other, espAt])).to.deep.equal([
      'esp-blocked at worker2 was not found first, but mtu (worker2)',
      'a cause that is false: mtu (worker2): mtu is it',
    ])
    expect(misnamed([standing('worker2', atHost)], [espAt, other])).to.have.lengthOf(1)
    expect(misnamed([standing('worker2', atHost, { besides: ['mtu'] })], [espAt, other])).to.deep.equal([])
    expect(misnamed([standing('worker2', atHost, { besides: ['mtu'] })], [other, espAt])).to.have.lengthOf(1)
    expect(misnamed([standing('worker2', atHost)], [{ ...other, severity: 'advice' }, espAt])).to.deep.equal(
      [],
    )
  })

  it('is no cause at all where none can name it, but for what is found without it, too', () => {
    expect(misnamed([standing('worker2')], [])).to.deep.equal([])
    expect(misnamed([standing('worker2')], [espAt])).to.have.lengthOf(1)
    expect(misnamed([standing('worker2')], [espAt], [espAt])).to.deep.equal([])
    const everywhere = cause('esp-blocked', { nodes: ['manager', 'worker2'] })
    expect(misnamed([standing('worker2')], [espAt], [everywhere]), 'at some of the places').to.deep.equal([])
    expect(misnamed([standing('worker2')], [everywhere], [espAt]), 'at one more').to.have.lengthOf(1)
  })

  it('is both of two, the graver first', () => {
    const both = [standing('worker2', atHost), standing('worker1', { code: 'mtu', at: 'host' })]
    const mtu = cause('mtu', { nodes: ['worker1'] })
    expect(misnamed(both, [espAt, mtu])).to.deep.equal([])
    expect(misnamed(both, [mtu, espAt])).to.not.deep.equal([])
    expect(misnamed(both, [espAt])).to.deep.equal(['mtu at worker1 was not found'])
  })
})
