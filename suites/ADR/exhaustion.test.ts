import { expect } from 'chai'
import type { TaskState } from '../../lib/swarm/task-states.ts'
import { exhaustionProblems, reasonOf, settled } from './exhaustion.ts'

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
const good = [task('3', 'running'), task('4', 'running'), task('5', 'new')]

describe('an exhausted subnet', () => {
  it('is sound when the surplus waits and something says why', () => {
    expect(settled(good)).to.equal(true)
    expect(exhaustionProblems({ states: good, capacity: 5, log })).to.deep.equal([])
    expect(reasonOf({ states: good, capacity: 5, log })?.where).to.equal('log')
    const told = [task('3', 'running'), task('5', 'pending', { error: 'ip addresses may be exhausted' })]
    expect(reasonOf({ states: told, capacity: 5, log: [] })?.where).to.equal('task')
  })

  it('has failed when more tasks run than it has addresses, or two share one', () => {
    const all = [task('3', 'running'), task('4', 'running', { addresses: ['10.0.0.3'] })]
    expect(exhaustionProblems({ states: all, capacity: 1, log })).to.deep.equal([
      '2 tasks run, but the subnet has addresses for 1 at most',
      '10.0.0.3 was given to two tasks',
    ])
  })

  it('has failed when the surplus fails, or nothing says why it waits', () => {
    const failed = [task('3', 'running'), task('5', 'rejected', { error: 'exhausted' })]
    expect(exhaustionProblems({ states: failed, capacity: 5, log })[0]).to.include(
      'rejected instead of waiting',
    )
    expect(exhaustionProblems({ states: good, capacity: 5, log: [] })).to.deep.equal([
      'nothing says why 1 tasks do not start (state new)',
    ])
    expect(settled([task('3', 'preparing')])).to.equal(false)
  })
})
