import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { knownIssuesOf } from '../../lib/conformance/known-issues.ts'
import { codes, facts, http, judge, nodes, noIngress, outcomeOf } from './ing.fake.ts'
import { fromTasks } from './ing-14-from-tasks.ts'

/** What tasks of three nodes were answered, two connections each. */
const seen = (answer: (way: { from: string; to: string }) => string) => ({
  asked: nodes.flatMap((from) =>
    nodes.map((to) => {
      const body = answer({ from, to })
      const { probe } = http({ from, to }, 18080, body, { replies: [body, body] })
      return { from, to, probe: { ...probe, from: `swp-rr@${from}` } }
    }),
  ),
})
const whole = seen(() => 'web-worker1')

describe('a published port that tasks ask', () => {
  it('passes where every node answers them, their own, too', () => {
    expect(outcomeOf(judge(fromTasks, whole))).to.equal('pass')
    expect(judge(fromTasks, whole).conclusion).to.equal(
      'tasks on 3 nodes were answered at the address of their own node, and 6 times at those of others',
    )
  })

  it('fails at the node whose own tasks are not answered, which is not a path', () => {
    const judged = judge(
      fromTasks,
      seen(({ from, to }) => (from === to && to === 'worker2' ? '' : 'web-worker1')),
    )
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems).to.deep.equal([
      {
        ...{ code: 'own-node-not-answering-task', kind: 'missed', node: 'worker2' },
        ...{ ends: { from: 'swp-rr@worker2', to: 'worker2' }, service: 'swp-web', protocol: 'TCP' },
        ...{ address: '192.168.56.13', port: 18080, observed: '2 of 2 (no answer within 5.0 s)' },
      },
    ])
    expect(describeProblem(judged.problems[0] ?? expect.fail())).to.equal(
      'swp-rr@worker2 → worker2, swp-web, 192.168.56.13: requests of a task on worker2 to TCP port 18080 of its own node were not answered: 2 of 2 (no answer within 5.0 s)',
    )
  })

  it('fails for a node that answers no task of others, and for an answer of something else', () => {
    const other = judge(
      fromTasks,
      seen(({ from, to }) => (from !== to && to === 'manager' ? '' : 'web-worker1')),
    )
    expect(codes(other)).to.deep.equal(['node-not-answering-task', 'node-not-answering-task'])
    expect(other.problems[0]?.path).to.deep.equal({ from: 'worker1', to: 'manager' })
    expect(
      codes(
        judge(
          fromTasks,
          seen(() => 'nginx'),
        ),
      ),
    ).to.include('answered-by-another')
  })

  it('is skipped without ingress, and proves nothing from a node without a task', () => {
    expect(outcomeOf(judge(fromTasks, { asked: [] }, noIngress))).to.equal('skip')
    const tasks = facts.tasks.filter(({ node }) => node !== 'manager')
    const judged = judge(
      fromTasks,
      { asked: whole.asked.filter(({ from }) => from !== 'manager') },
      { ...facts, tasks },
    )
    expect(judged.unseen).to.deep.equal([{ what: 'a task that could ask', nodes: ['manager'] }])
  })

  it('is known of engine 29.8.0 and of none before', () => {
    const issues = fromTasks.knownIssues ?? []
    const known = (version: string) => knownIssuesOf(issues, [version], new Set()).map(({ issue }) => issue)
    expect(known('29.8.0')).to.deep.equal(['moby/moby#53713'])
    expect(known('29.7.2')).to.deep.equal([])
  })
})
