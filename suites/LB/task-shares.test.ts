import { expect } from 'chai'
import type { Problem } from '../../lib/observation/problem.ts'
import { task } from '../three-nodes.fake.ts'
import { type Client, countShares, shareProblems } from './task-shares.ts'

const tasks = [task('web', 'worker1', 3), task('web', 'worker2', 4), task('web', 'manager', 8)]
const [first, second, third] = ['web-worker1', 'web-worker2', 'web-manager']
const client: Client = { node: 'manager', ends: { from: 'swp-rr@manager', to: 'swp-web' } }
const problems = (...answers: string[]): Problem[] =>
  shareProblems(countShares(answers, tasks), tasks, client)
const times = (count: number, answer = ''): string[] => Array.from({ length: count }, () => answer)
const brief = (found: readonly Problem[]): string[] =>
  found.map(({ code, kind, subject, observed }) => [code, kind, subject, observed].filter(Boolean).join(' '))

describe('shares of tasks', () => {
  it('are equal, or one more or less', () => {
    expect(problems(...times(6, first), ...times(6, second), ...times(6, third))).to.deep.equal([])
    expect(problems(...times(7, first), ...times(6, second), ...times(5, third))).to.deep.equal([])
  })

  it('are not round robin when one task gets clearly more', () => {
    const found = problems(...times(8, first), ...times(6, second), ...times(4, third))
    expect(brief(found)).to.deep.equal([
      'shares-unequal seen swp-web@worker1 8',
      'shares-unequal seen swp-web@manager 4',
    ])
    expect(found[0]).to.deep.include({
      path: { from: 'manager', to: 'worker1' },
      node: 'manager',
      expected: 6,
    })
  })

  it('miss a task that answers nothing', () => {
    expect(brief(problems(...times(9, first), ...times(9, second)))).to.include(
      'task-not-balanced-to missed swp-web@manager',
    )
  })

  it('tell connections without an answer and answers of strangers', () => {
    const found = problems(...times(6, first), ...times(6, second), ...times(5, third), '', 'ghost')
    expect(brief(found)).to.deep.equal(['connections-unanswered missed 1', 'answered-by-another seen ghost'])
    expect(found[0]).to.include({ expected: 19, observed: 1 })
  })

  it('are of tasks, not of labels: two tasks of a service on one node are two', () => {
    const twins = [tasks[0], { ...task('web', 'worker1', 9), id: 'twin', hostname: 'twin' }].flatMap(
      (one) => one ?? [],
    )
    const answers = [...times(6, first), ...times(6, 'twin')]
    expect(shareProblems(countShares(answers, twins), twins, client)).to.deep.equal([])
  })

  it('say of a silent virtual IP only that nothing was answered', () => {
    expect(brief(problems(...times(18)))).to.deep.equal(['connections-unanswered missed 18'])
  })

  it('of a balancer that chooses at random are compared with what chance does', () => {
    const shares = (...counts: number[]): string[] =>
      brief(
        shareProblems(
          countShares(
            [first, second, third].flatMap((task, at) => times(counts[at] ?? 0, task)),
            tasks,
          ),
          tasks,
          client,
          true,
        ),
      )
    expect(shares(18, 10, 8)).to.deep.equal([])
    expect(shares(300, 290, 310)).to.deep.equal([])
    expect(shares(450, 290, 160)).to.have.lengthOf(2)
    expect(shares(18, 18, 0)).to.deep.equal(['task-not-balanced-to missed swp-web@manager'])
    // So few connections leave one out by chance.
    expect(shares(3, 3, 0)).to.deep.equal([])
  })
})
