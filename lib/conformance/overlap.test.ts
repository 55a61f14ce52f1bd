import { expect } from 'chai'
import { mayOverlap, type Overlapping } from './overlap.ts'

const looking: Overlapping = { safety: 'production', changes: [], quiet: [], reads: ['exchange'] }
const creating: Overlapping = { safety: 'production', changes: ['service', 'network'], quiet: [], reads: [] }

/** Either way round. */
function overlap(one: Overlapping, other: Overlapping): boolean {
  expect(mayOverlap(one, other)).to.equal(mayOverlap(other, one))
  return mayOverlap(one, other)
}

describe('requirements that may be verified at the same time', () => {
  it('are those that create what is their own, beside others and beside one that only looks', () => {
    expect(overlap(creating, creating)).to.equal(true)
    expect(overlap(creating, looking)).to.equal(true)
  })

  it('are no two that change nothing: they send from the same tasks, and do not wait', () => {
    expect(overlap(looking, looking)).to.equal(false)
  })

  it('are one that listens to what comes by itself, beside one that rests on something else', () => {
    const listening: Overlapping = { ...looking, reads: ['control'], listens: true }
    expect(overlap(listening, looking)).to.equal(true)
    expect(overlap(listening, { ...looking, quiet: ['changes'] })).to.equal(true)
    expect(overlap(listening, listening)).to.equal(false)
    expect(overlap(listening, { ...looking, quiet: ['traffic'] })).to.equal(false)
    expect(overlap({ ...listening, quiet: ['changes'] }, creating)).to.equal(false)
  })

  it('are none that may disrupt the lab, or change more of it than is their own', () => {
    for (const alone of [
      { ...creating, safety: 'lab' },
      ...(['stack', 'node', 'engine', 'host'] as const).map((change) => ({ ...creating, changes: [change] })),
    ] as const)
      for (const other of [looking, creating])
        expect(overlap(alone, other), alone.changes.join()).to.equal(false)
  })

  it('are none that must have quiet from what the other does', () => {
    const still = (...quiet: Overlapping['quiet'][number][]): Overlapping => ({ ...looking, quiet })
    const networkOnly: Overlapping = { ...creating, changes: ['network'] }
    expect(overlap(still('changes'), creating)).to.equal(false)
    expect(overlap(still('changes'), networkOnly)).to.equal(false)
    expect(overlap(still('tasks'), creating)).to.equal(false)
    expect(overlap(still('tasks'), networkOnly)).to.equal(true)
    expect(overlap({ ...creating, quiet: ['tasks'] }, creating)).to.equal(false)
    for (const other of [looking, creating]) expect(overlap(still('traffic'), other)).to.equal(false)
  })

  it('are no two that change something and rest on one scene', () => {
    const scene = { ...creating, reads: ['changing-service'] }
    expect(overlap(scene, scene)).to.equal(false)
    expect(overlap(scene, { ...creating, reads: ['reshaped-service'] })).to.equal(true)
    expect(overlap({ ...creating, reads: ['kernel'] }, { ...looking, reads: ['kernel'] })).to.equal(true)
  })
})
