import { expect } from 'chai'
import { mayOverlap } from '../lib/conformance/overlap.ts'
import { overlapBounds } from '../lib/conformance/overlap-bounds.ts'
import { inProfile } from '../lib/conformance/profile.ts'
import { verificationWaves } from '../lib/conformance/verification-waves.ts'
import { suites } from './index.ts'

const tests = suites.flatMap((suite) => suite.tests)

describe('requirements side by side', () => {
  it('say how many tasks they have where they create services and may be beside others', () => {
    const silent = tests.filter(
      (test) =>
        test.changes.includes('service') &&
        test.ownTasks === undefined &&
        tests.some((other) => other !== test && other.changes.length > 0 && mayOverlap(test, other)),
    )
    expect(silent.map(({ id }) => id)).to.deep.equal([])
  })

  it('that only listen change nothing, and are beside others that change nothing', () => {
    const listening = tests.filter(({ listens }) => listens === true)
    expect(listening.map(({ id }) => id).sort()).to.deep.equal(
      ['CTL-01', 'CTL-02', 'CTL-03', 'CTL-05', 'CTL-06', 'LB-05'].sort(),
    )
    expect(listening.flatMap(({ changes }) => changes)).to.deep.equal([])
    const mesh = tests.find(({ id }) => id === 'CTL-04')
    expect(mesh).to.not.equal(undefined)
    for (const test of listening) expect(mesh !== undefined && mayOverlap(test, mesh), test.id).to.equal(true)
  })

  it('of the standard profile are those that wait longest for the swarm', () => {
    const standard = tests.filter((test) => inProfile(test, 'standard'))
    const waves = verificationWaves(standard)
    expect(waves.map((wave) => wave.length)).to.deep.equal([standard.length - 13, 11, 2])
    expect(waves[1]?.map(({ id }) => id).sort()).to.deep.equal(
      [
        'ADR-04',
        'DSC-07',
        'ING-08',
        'ING-13',
        'LB-03',
        'LB-04',
        'OVL-08',
        'OVL-11',
        'OVL-17',
        'OVL-18',
        'RES-04',
      ].sort(),
    )
  })

  it('have room beside each other on labs of three nodes, and one at least beside each on existing hosts', () => {
    const three = Array.from({ length: 3 }, () => ({ role: 'worker' as const, cpus: 2 }))
    const [, changing = []] = verificationWaves(tests.filter((test) => inProfile(test, 'standard')))
    const most = Math.max(...changing.map(({ ownTasks = 0 }) => ownTasks))
    const least = Math.min(...changing.map(({ ownTasks = 0 }) => ownTasks))
    expect(overlapBounds(three, { owned: true }).tasks).to.be.at.least(most + least)
    expect(overlapBounds(three, { owned: false }).tasks).to.be.at.least(4 + least)
  })
})
