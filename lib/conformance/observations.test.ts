import { expect } from 'chai'
import type { ClusterFacts } from '../observation/facts.ts'
import { Observations, resolveScenes, threwOf } from './observations.ts'

describe('observations', () => {
  let stored: Map<string, unknown>
  let observations: Observations
  beforeEach(() => {
    stored = new Map()
    observations = new Observations({ writeJson: (name, value) => void stored.set(name, value) }, 'lab1')
  })

  const own = (seen: unknown) => ({
    ...{
      requirement: 'AAA-01',
      lab: 'lab1',
      generation: 0,
      startedAt: '',
      endedAt: '',
      swarmproofVersion: '',
    },
    seen,
  })

  it('number generations and keep their facts', () => {
    expect([observations.next(), observations.next()]).to.deep.equal([0, 1])
    observations.keepFacts({ generation: 1 } as ClusterFacts)
    expect([...stored.keys()]).to.deep.equal(['observations/lab1/facts#1.json'])
  })

  it('store a scene once, and refer to it wherever it is part of what was seen, scenes of scenes too', () => {
    const inner = { frames: [1, 2] }
    observations.keepScene('inner', 0, { seen: inner })
    const outer = { deep: [inner] }
    observations.keepScene('outer', 0, { seen: outer })
    const kept = observations.keep(own({ a: outer, b: { c: inner }, d: 1 }))
    expect(stored.get('observations/lab1/outer#0.json')).to.deep.equal({
      seen: { deep: [{ $scene: 'inner#0' }] },
    })
    expect(stored.get('observations/lab1/AAA-01#0.json')).to.have.deep.property('seen', {
      a: { $scene: 'outer#0' },
      b: { c: { $scene: 'inner#0' } },
      d: 1,
    })
    expect(kept.seen).to.deep.equal({ a: { deep: [{ frames: [1, 2] }] }, b: { c: { frames: [1, 2] } }, d: 1 })
  })

  it('keep a scene that threw', () => {
    observations.keepScene('inner', 0, { threw: threwOf(new Error('no answer')) })
    expect(stored.get('observations/lab1/inner#0.json')).to.deep.equal({
      threw: { name: 'Error', message: 'no answer' },
    })
  })

  it('hand judgements no object of the observation itself', () => {
    const inner = { frames: [1] }
    observations.keepScene('inner', 0, { seen: inner })
    inner.frames.push(2)
    expect(observations.keep(own(inner)).seen).to.deep.equal({ frames: [1] })
  })

  it('refuse what JSON does not carry', () => {
    expect(() => observations.keep(own({ a: new Map() }))).to.throw(TypeError, 'a Map or a Set')
  })

  it('are resolved without copying what holds no reference', () => {
    const plain = { a: [1, { b: 2 }] }
    expect(resolveScenes(plain, () => 0)).to.equal(plain)
    expect(resolveScenes([{ $scene: 'x#0' }], (ref) => ref)).to.deep.equal(['x#0'])
  })
})
