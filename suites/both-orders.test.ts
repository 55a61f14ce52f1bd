import { expect } from 'chai'
import { exampleVerdict } from '../lib/conformance/verdict.fake.ts'
import type { Problem } from '../lib/observation/problem.ts'
import { differingVerdicts } from './both-orders.ts'

const problem = (code: Problem['code'], node: string): Problem => ({ code, kind: 'seen', node })

describe('verdicts of both orders', () => {
  const failed = (...problems: Problem[]) => [
    { id: 'AAA-01', verdict: exampleVerdict('fail', 'x', { problems }) },
  ]
  const passed = [{ id: 'AAA-01', verdict: exampleVerdict('pass', 'x') }]

  it('are the same where outcome and codes are, whatever the place', () => {
    expect(differingVerdicts(passed, passed)).to.deep.equal([])
    expect(
      differingVerdicts(
        failed(problem('not-delivered', 'a'), problem('not-delivered', 'b')),
        failed(problem('not-delivered', 'b')),
      ),
    ).to.deep.equal([])
  })

  it('differ by outcome, by code, and where one was not verified', () => {
    const one = failed(problem('not-delivered', 'a'))
    expect(differingVerdicts(one, passed)).to.deep.equal([
      'AAA-01: fail not-delivered one after another, pass side by side',
    ])
    expect(differingVerdicts(one, failed(problem('name-still-found', 'a')))).to.have.lengthOf(1)
    expect(differingVerdicts(one, [{ id: 'AAA-01' }])).to.deep.equal([
      'AAA-01: fail not-delivered one after another, not reached side by side',
    ])
    expect(differingVerdicts(one, [])).to.have.lengthOf(1)
  })
})
