import { expect } from 'chai'
import type { Files } from '../stored/stored-run.ts'
import { reduceRun } from './reduce.ts'

const requirement = (id: string, outcome: string): object => ({
  id,
  ...{ requirement: 'It is so.', method: 'It is looked at.', remedy: ['look'], durationMs: 7 },
  verdict: { outcome, problems: [1], evidence: [2] },
  attempts: [{ observations: `observations/${id}#0.json`, problems: [1] }],
})

const frames = Array.from({ length: 100 }, (_, index) => index)

const whole: Files = {
  'run.json': JSON.stringify({
    steps: [1],
    requirements: [requirement('OVL-01', 'pass'), requirement('OVL-03', 'fail')],
  }),
  'observations/OVL-01#0.json': JSON.stringify({ seen: { $scene: 'mesh#0' } }),
  'observations/OVL-03#0.json': JSON.stringify({ seen: { $scene: 'exchange#0' } }),
  'observations/mesh#0.json': '{}',
  'observations/exchange#0.json': JSON.stringify({ seen: { wires: { worker1: { got: { frames } } } } }),
  'observations/facts#0.json': '{}',
  'observations/kernel#0.json': JSON.stringify({
    seen: { worker1: { root: { fdb: [] }, namespaces: { a: { links: [1] }, b: { links: [2] } } } },
  }),
}

const framesOf = (files: Files): number[] =>
  (
    JSON.parse(files['observations/exchange#0.json'] ?? '{}') as {
      seen: { wires: { worker1: { got: { frames: number[] } } } }
    }
  ).seen.wires.worker1.got.frames

describe('a reduced run', () => {
  it('loses what passed first, with scenes that nothing else rests on, and no more where it fits then', () => {
    const files = reduceRun(whole, { same: () => true, fits: () => true })
    expect(Object.keys(files)).to.have.members([
      'run.json',
      ...['OVL-03', 'exchange', 'facts', 'kernel'].map((name) => `observations/${name}#0.json`),
    ])
    expect(framesOf(files)).to.have.lengthOf(100)
    expect(files['run.json']).to.contain('"outcome":"pass"').and.to.contain('"durationMs":7')
    expect(files['run.json']).to.not.match(/It is|look/)
  })

  it('keeps what verdicts rest on, and little else where it must', () => {
    const same = (files: Files): boolean =>
      framesOf(files).includes(42) && (files['observations/kernel#0.json'] ?? '').includes('"b"')
    const files = reduceRun(whole, { same, fits: () => false })
    expect(framesOf(files)).to.include(42)
    expect(framesOf(files).length).to.be.below(20)
    expect(files['observations/kernel#0.json']).to.contain('"b"').and.not.contain('"a"')
  })

  it('is the whole run where nothing may go', () => {
    expect(reduceRun(whole, { same: () => false, fits: () => false })).to.deep.equal(whole)
  })
})
