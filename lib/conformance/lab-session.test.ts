import type { Lost } from './verdict.ts'
import { expect } from 'chai'
import { silentProgress } from '../progress.ts'
import { inventoryOf } from '../swarm/read-swarm-inventory.ts'
import { differences, type LabCondition } from './lab-condition.ts'
import { LabSession, type LabSessionOptions } from './lab-session.ts'
import type { ReadyLab } from './bring-up.ts'
import { exampleRequirement } from './requirement.fake.ts'

const made = (id: string, safety: 'production' | 'lab') =>
  exampleRequirement({
    id,
    requirement: '',
    source: [{ document: 'made up' }],
    safety,
    needs: [],
    method: '',
    usualCauses: [],
    remedy: [],
  })

const safe = made('AAA-01', 'production')
const first = made('RES-01', 'lab')
const second = made('RES-02', 'lab')

const usual = [
  'node idmanager0000000000000000 manager Ready Active',
  'node idworker10000000000000000 worker1 Ready Active',
  'container c1c1c1c1c1c1 swp-web.1.abc',
  'container c2c2c2c2c2c2 somebody-elses',
  'network n1n1n1n1n1n1 swp-clear',
  'network n2n2n2n2n2n2 bridge',
  'service swp-web 1/1',
]

function condition(
  changes: { less?: string[]; more?: string[]; lacking?: string[]; mtu?: string } = {},
): LabCondition {
  const lines = usual.filter((line) => !changes.less?.includes(line))
  return {
    inventory: inventoryOf([{ host: 'manager', lines: [...lines, ...(changes.more ?? [])] }]),
    lacking: changes.lacking ?? [],
    interfaces: new Map([['eth1 of manager', changes.mtu ?? 'up, MTU 1500']]),
  }
}

describe('the condition of a lab', () => {
  const after = (changes: Parameters<typeof condition>[0]): string[] =>
    differences(condition(), condition(changes))

  it('is as before when nothing that matters changed', () => {
    expect(after({})).to.deep.equal([])
    const left = condition({ more: ['network n9n9n9n9n9n9 swp-adr-one', 'service swp-adr-one 1/1'] })
    expect(differences(left, condition())).to.deep.equal([])
  })

  it('tells each kind of change', () => {
    const changes: [Parameters<typeof condition>[0], RegExp][] = [
      [{ less: ['node idworker10000000000000000 worker1 Ready Active'] }, /no longer worker1/],
      [
        {
          less: ['node idworker10000000000000000 worker1 Ready Active'],
          more: ['node idworker10000000000000000 worker1 Down Active'],
        },
        /worker1: Down Active/,
      ],
      [
        {
          less: ['node idworker10000000000000000 worker1 Ready Active'],
          more: ['node idworker10000000000000000 worker1 Ready Drain'],
        },
        /no longer worker1: Ready Active/,
      ],
      [
        { less: ['container c1c1c1c1c1c1 swp-web.1.abc'], more: ['container c7c7c7c7c7c7 swp-web.1.xyz'] },
        /swp-web.1.abc is gone from manager/,
      ],
      [{ less: ['container c2c2c2c2c2c2 somebody-elses'] }, /somebody-elses is gone/],
      [{ more: ['container c8c8c8c8c8c8 swp-res-one.1.x'] }, /swp-res-one.1.x is new on manager/],
      [{ more: ['network n9n9n9n9n9n9 swp-res-one'] }, /swp-res-one is new/],
      [
        { less: ['network n1n1n1n1n1n1 swp-clear'], more: ['network n3n3n3n3n3n3 swp-clear'] },
        /network swp-clear is gone/,
      ],
      [{ more: ['service swp-res-one 0/0'] }, /service swp-res-one is new/],
      [{ less: ['service swp-web 1/1'], more: ['service swp-web 0/1'] }, /swp-web runs 0\/1, ran 1\/1/],
      [{ lacking: ['worker1: clear has no forwarding entry'] }, /worker1: clear has no forwarding entry/],
      [{ mtu: 'up, MTU 1300' }, /eth1 of manager is up, MTU 1300, was up, MTU 1500/],
    ]
    for (const [change, words] of changes) expect(after(change).join('\n'), String(words)).to.match(words)
  })

  it('does not hold against a test what was lacking before it', () => {
    const lacking = ['worker1: clear has no forwarding entry']
    expect(differences(condition({ lacking }), condition({ lacking }))).to.deep.equal([])
  })
})

const gone: Lost = { what: 'task', node: 'worker1', service: 'swp-web' }

describe('a lab session', () => {
  let now: LabCondition
  let looks: number
  let disposed: number
  let raisedAgain: number
  let notes: string[]
  const raised = () =>
    ({ lab: { [Symbol.asyncDispose]: async () => void (disposed += 1) } }) as unknown as ReadyLab

  beforeEach(() => {
    now = condition()
    notes = []
    looks = disposed = raisedAgain = 0
  })

  function session(changes: Partial<LabSessionOptions> = {}, own = true): LabSession {
    return new LabSession(raised(), {
      progress: { ...silentProgress, note: (text) => notes.push(text) },
      signal: new AbortController().signal,
      onRaised: () => undefined,
      recoverWithinMs: 0,
      look: async () => {
        looks += 1
        return now
      },
      ...(own
        ? {
            raiseAgain: async () => {
              raisedAgain += 1
              now = condition()
              return raised()
            },
          }
        : {}),
      ...changes,
    })
  }

  it('costs nothing without disruptive tests', async () => {
    const lab = session()
    expect(await lab.ready(safe)).to.equal(undefined)
    lab.ended(safe, 'fail')
    await lab.ready(safe)
    await lab.restore()
    expect(looks).to.equal(0)
  })

  it('goes on with a lab that is as before', async () => {
    const lab = session()
    await lab.ready(first)
    lab.ended(first, 'pass')
    expect(await lab.ready(second)).to.equal(undefined)
    expect([looks, disposed, raisedAgain]).to.deep.equal([2, 0, 0])
  })

  it('puts back a lab that is not, and tells whose work it was', async () => {
    const told: ReadyLab[] = []
    const lab = session({ onRaised: (it) => told.push(it) })
    const old = lab.raised
    await lab.ready(first)
    now = condition({ less: ['container c1c1c1c1c1c1 swp-web.1.abc'] })
    lab.ended(first, 'pass')
    expect(await lab.ready(second)).to.equal(undefined)
    expect([disposed, raisedAgain]).to.deep.equal([1, 1])
    expect(notes.join()).to.contain('before RES-01 and is put back: container swp-web.1.abc is gone')
    expect(lab.raised).to.equal(told[0]).and.not.equal(old)
  })

  it('puts it back without a proof when the test may still be at work, and not at all when it was skipped', async () => {
    const lab = session()
    await lab.ready(first)
    lab.ended(first, 'skip')
    await lab.ready(second)
    expect(raisedAgain).to.equal(0)
    lab.ended(second, 'inconclusive')
    await lab.restore()
    expect(raisedAgain).to.equal(1)
  })

  it("leaves another's lab as it is, and verifies nothing more on it", async () => {
    const lab = session({}, false)
    await lab.ready(first)
    now = condition({ mtu: 'down, MTU 1500' })
    lab.ended(first, 'pass')
    expect(await lab.ready(second)).to.match(/not as it was before RES-01.*eth1 of manager/)
    expect(await lab.ready(safe)).to.match(/nothing on it can be trusted/)
    expect([disposed, raisedAgain]).to.deep.equal([0, 0])
    expect(notes).to.have.lengthOf(1)
  })

  it('passes on that the lab could not be put back', async () => {
    const lab = session({ raiseAgain: () => Promise.reject(new Error('no memory')) })
    await lab.ready(first)
    lab.ended(first, 'inconclusive')
    const error = await lab.ready(second).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(Error).with.property('message', 'no memory')
  })

  it('is put back where it lost something by itself, three times at most', async () => {
    const lab = session()
    for (const times of [1, 2, 3]) {
      await lab.readAgainAfter(safe)?.([{ what: 'node', node: 'worker1', state: 'Down Active' }])
      expect([disposed, raisedAgain]).to.deep.equal([times, times])
    }
    expect(notes[0]).to.match(
      /lost worker1 \(Down Active\) by itself; it is put back, and AAA-01 is verified once more/,
    )
    expect(lab.readAgainAfter(safe)).to.equal(undefined)
  })

  it('is read again where it is its owner’s, and never put back', async () => {
    expect(session({}, false).readAgainAfter(safe)).to.equal(undefined)
    const reread: unknown[] = []
    const lab = session({ readAgain: async (raised) => (reread.push(raised), raised) }, false)
    await lab.readAgainAfter(safe)?.([gone])
    expect([disposed, raisedAgain, reread.length]).to.deep.equal([0, 0, 1])
    expect(notes[0]).to.match(/its tasks are read again/)
  })

  it('lost nothing by itself under a disruptive test, whatever that moved', async () => {
    const lab = session({ lost: async () => [gone] })
    expect(await lab.lostUnder(first)).to.deep.equal([])
    expect(await lab.lostUnder(safe)).to.deep.equal([gone])
  })
})
