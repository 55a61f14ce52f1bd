import { expect } from 'chai'
import type { LabCondition } from '../lib/conformance/lab-condition.ts'
import type { ReadyLab } from '../lib/conformance/bring-up.ts'
import type { RequirementRecord } from '../lib/conformance/run-record.ts'
import { exampleVerdict } from '../lib/conformance/verdict.fake.ts'
import type { Outcome } from '../lib/conformance/verdict.ts'
import type { Fault } from '../lib/fault/fault.ts'
import { silentProgress } from '../lib/progress.ts'
import { inventoryOf } from '../lib/swarm/read-swarm-inventory.ts'
import { FaultLab } from './fault-lab.ts'
import { plantingOf } from './seen-to-fail.ts'

const usual = ['node idworker20000000000000000 worker2 Ready Active', 'container c1c1c1c1c1c1 swp-web.1.abc']

function condition(lines: readonly string[]): LabCondition {
  return {
    inventory: inventoryOf([{ host: 'worker2', lines }]),
    lacking: [],
    interfaces: new Map(),
  }
}

/** A lab whose requirement falls with its fault, and on which more can go wrong. */
class Stage {
  planted = false
  raisedTimes = 0
  disposedTimes = 0
  resumedTimes = 0
  seenAgainTimes = 0
  plants = 0
  /** What runs there now; a lab that is raised has all of it. */
  lines = usual
  signal = new AbortController()
  notes: string[] = []
  removal = (): void => undefined
  outcome = (): Outcome => (this.planted ? 'fail' : 'pass')

  readonly fault: Fault = {
    name: 'cable-cut',
    description: 'A cable is cut.',
    breaks: ['OVL-03'],
    unnamed: 'it is made up',
    plant: async () => {
      this.planted = true
      this.plants += 1
      return {
        host: 'worker2',
        remove: async () => {
          this.planted = false
          this.removal()
        },
      }
    },
  }

  lab(disruptive = false): FaultLab {
    return new FaultLab({
      progress: { ...silentProgress, note: (text) => this.notes.push(text) },
      signal: this.signal.signal,
      raise: async () => {
        this.raisedTimes += 1
        this.lines = usual
        return {
          lab: { [Symbol.asyncDispose]: async () => void (this.disposedTimes += 1) },
        } as unknown as ReadyLab
      },
      resume: async (raised) => {
        this.resumedTimes += 1
        return raised
      },
      seeAgain: async (raised) => {
        this.seenAgainTimes += 1
        return raised
      },
      verify: async () => {
        const outcome = this.outcome()
        const problem = { code: 'not-delivered', kind: 'missed', node: 'worker2' } as const
        const verdict = exampleVerdict(outcome, 'no answer from worker2', {
          problems: outcome === 'fail' ? [problem] : [],
        })
        const requirements = [{ id: 'OVL-03', verdict } as unknown as RequirementRecord]
        return { requirements, findings: [] }
      },
      isDisruptive: () => disruptive,
      look: async () => condition(this.lines),
      recoverWithinMs: 0,
    })
  }
}

describe('a lab faults are planted on', () => {
  let stage: Stage
  beforeEach(() => (stage = new Stage()))

  it('stays for the next fault while it is as before', async () => {
    const lab = stage.lab()
    expect((await lab.see(plantingOf(stage.fault))).problems).to.deep.equal([])
    await lab.see(plantingOf(stage.fault))
    expect([stage.raisedTimes, stage.disposedTimes]).to.deep.equal([1, 0])
    await lab.end()
    await lab.end()
    expect(stage.disposedTimes).to.equal(1)
  })

  it('is put back for the next fault when it is not as before', async () => {
    const lab = stage.lab()
    stage.removal = () =>
      (stage.lines = [
        'node idworker20000000000000000 worker2 Ready Active',
        'container c2c2c2c2c2c2 swp-web.1.xyz',
      ])
    const seen = await lab.see(plantingOf(stage.fault))
    expect([seen.problems, seen.firstTry]).to.deep.equal([[], undefined])
    expect(stage.notes.join()).to.contain(
      'not as it was before cable-cut and is put back: container swp-web.1.abc',
    )
    await lab.see(plantingOf(stage.fault))
    expect([stage.raisedTimes, stage.plants]).to.deep.equal([2, 2])
  })

  it('plants once more what was not caught on a lab that changed under it, and tells of the first try', async () => {
    stage.outcome = () => (stage.plants === 1 ? 'inconclusive' : stage.planted ? 'fail' : 'pass')
    stage.removal = () => {
      if (stage.plants === 1)
        stage.lines = [
          'node idworker20000000000000000 worker2 Down Active',
          'container c1c1c1c1c1c1 swp-web.1.abc',
        ]
    }
    const seen = await stage.lab().see(plantingOf(stage.fault))
    expect([stage.plants, stage.raisedTimes, seen.problems]).to.deep.equal([2, 2, []])
    expect(seen.firstTry?.join()).to.match(
      /OVL-03 was inconclusive.*the lab changed under it: worker2: Down Active/,
    )
  })

  it('does not plant again what was not caught on a lab that is as before', async () => {
    stage.outcome = () => 'pass'
    const seen = await stage.lab().see(plantingOf(stage.fault))
    expect([stage.plants, seen.problems.length]).to.deep.equal([1, 1])
  })

  it('plants twice at most', async () => {
    stage.outcome = () => 'pass'
    stage.removal = () => (stage.lines = ['node idworker20000000000000000 worker2 Down Active'])
    const seen = await stage.lab().see(plantingOf(stage.fault))
    expect([stage.plants, seen.problems.length]).to.deep.equal([2, 1])
  })

  it('is given up when a fault could not be removed', async () => {
    const lab = stage.lab()
    stage.removal = () => {
      throw new Error('no such rule')
    }
    expect((await lab.see(plantingOf(stage.fault))).problems).to.deep.equal([
      'it could not be planted or removed: no such rule',
    ])
    expect([stage.plants, stage.disposedTimes]).to.deep.equal([1, 1])
  })

  it('is resumed between, and given up after, the two looks of disruptive requirements', async () => {
    await stage.lab(true).see(plantingOf(stage.fault))
    expect([stage.resumedTimes, stage.disposedTimes]).to.deep.equal([1, 1])
  })

  it('is seen again under a fault that has a node join again, and given up after it', async () => {
    await stage.lab().see(plantingOf({ ...stage.fault, rejoins: true }))
    expect([stage.seenAgainTimes, stage.resumedTimes, stage.disposedTimes]).to.deep.equal([1, 1, 1])
  })

  it('is given up at once when interrupted', async () => {
    stage.removal = () => stage.signal.abort()
    stage.lines = []
    await stage.lab().see(plantingOf(stage.fault))
    expect([stage.plants, stage.disposedTimes]).to.deep.equal([1, 1])
  })
})
