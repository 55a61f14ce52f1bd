import { expect } from 'chai'
import { task } from '../three-nodes.fake.ts'
import type { Round } from '../scene/experiments/crash-stage.ts'
import { type Crash, judgeRecovery } from './recovery.ts'

const killed = task('it', 'worker1', 20)
const replacement = task('it', 'worker2', 21)
const clientOf = (node: string) => ({ node, ends: { from: `swp-rr@${node}`, to: 'swp-it' } })
const round = (client: string, endedMs: number, failed: number, answers = ['it-worker2']): Round => ({
  ...{ client, endedMs, answered: 3 - failed, failed, answers },
  outcomes: failed > 0 ? ['timeout'] : [],
})
const judged = (crash: Partial<Crash>) =>
  judgeRecovery({ killed, rounds: [], replacement, replacedMs: null, taskLooks: 9, ...crash }, clientOf)

describe('recovery after the death of a task', () => {
  it('is sound when connections failed within the bound only and the replacement answers', () => {
    const rounds = [round('manager', 4000, 2), round('manager', 30_000, 1), round('manager', 31_000, 0)]
    expect(judged({ rounds, replacedMs: 31_000 })).to.deep.equal({ problems: [], unseen: [] })
  })

  it('names the client whose connections went on failing, and that the new task does not answer it', () => {
    const rounds = [round('manager', 31_000, 0), round('worker2', 60_100, 2, [])]
    const { problems } = judged({ rounds })
    expect(problems).to.deep.equal([
      {
        ...{ ...clientOf('worker2'), code: 'connections-still-fail', kind: 'missed' },
        ...{ subject: 'swp-it@worker1', expected: 30, observed: 60.1 },
      },
      {
        ...{ ...clientOf('worker2'), code: 'replacement-not-reached', kind: 'missed' },
        ...{ path: { from: 'worker2', to: 'worker2' }, subject: 'swp-it@worker2', expected: 60 },
      },
    ])
  })

  it('is reached where chance decides once the new task answered the client in any round', () => {
    const rounds = [round('manager', 20_000, 0), round('manager', 60_100, 0, ['it-manager'])]
    expect(judged({ rounds }).problems.map(({ code }) => code)).to.deep.equal(['replacement-not-reached'])
    expect(judged({ rounds, isRandom: true }).problems).to.deep.equal([])
    const failed = [...rounds, round('manager', 60_200, 1, ['it-manager'])]
    expect(judged({ rounds: failed, isRandom: true }).problems.map(({ code }) => code)).to.deep.equal([
      'connections-still-fail',
      'replacement-not-reached',
    ])
  })

  it('misses a replacement, unless the list of tasks could not be read', () => {
    expect(judged({ replacement: null }).problems).to.deep.equal([
      { code: 'replacement-missing', kind: 'missed', subject: 'swp-it@worker1', expected: 60 },
    ])
    const blind = judged({ replacement: null, taskLooks: 0 })
    expect(blind.problems).to.deep.equal([])
    expect(blind.unseen).to.have.lengthOf(1)
  })
})
