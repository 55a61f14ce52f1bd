import { expect } from 'chai'
import type { TaskState } from '../../lib/swarm/task-states.ts'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { allSettled, type Exhaustion, exhaustionProblems, exhaustionReason } from './exhaustion.ts'

const task = (id: string, state: string, more: Partial<TaskState> = {}): TaskState => ({
  id,
  slot: 1,
  state,
  desired: 'running',
  message: '',
  error: '',
  addresses: state === 'running' ? [`10.0.0.${id}`] : [],
  ...more,
})
const log = ['level=error msg="task allocation failure" error="no available IPv4 addresses on tiny"']
const words = (seen: Omit<Exhaustion, 'network'>, logsRead = true): string[] =>
  exhaustionProblems({ network: 'tiny', ...seen }, 'manager', logsRead).map(describeProblem)
const good = [task('3', 'running'), task('4', 'running'), task('5', 'new')]

describe('an exhausted subnet', () => {
  it('is sound when the surplus waits and something says why', () => {
    expect(allSettled(good)).to.equal(true)
    expect(words({ states: good, capacity: 5, log })).to.deep.equal([])
    expect(exhaustionReason({ states: good, log })?.where).to.equal('log')
    const told = [task('3', 'running'), task('5', 'pending', { error: 'ip addresses may be exhausted' })]
    expect(exhaustionReason({ states: told, log: [] })?.where).to.equal('task')
  })

  it('has failed when more tasks run than it has addresses, or two share one', () => {
    const all = [task('3', 'running'), task('4', 'running', { addresses: ['10.0.0.3'] })]
    expect(words({ states: all, capacity: 1, log })).to.deep.equal([
      'manager: 2 tasks run, but tiny has addresses for 1 at most',
      'manager, tiny: 10.0.0.3 was given to more than one task',
    ])
  })

  it('has failed when the surplus fails, or nothing says why it waits', () => {
    const failed = [task('3', 'running'), task('5', 'rejected', { error: 'exhausted' })]
    expect(words({ states: failed, capacity: 5, log })).to.deep.equal([
      'manager, tiny: the task 5 without an address is rejected (exhausted) instead of waiting',
    ])
    expect(words({ states: good, capacity: 5, log: [] })).to.deep.equal([
      'manager, tiny: nothing says why 1 tasks do not start',
    ])
    expect(allSettled([task('3', 'preparing')])).to.equal(false)
  })

  it('is not said to be unexplained where a log could not be read', () => {
    expect(words({ states: good, capacity: 5, log: [] }, false)).to.deep.equal([])
  })
})
