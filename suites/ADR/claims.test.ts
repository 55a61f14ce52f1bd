import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { type Claim, sharedAddresses } from './claims.ts'

function claim(address: string, label: string, network = 'clear'): Claim {
  const [holder = '', node = ''] = label.split('@')
  return { network, address, kind: 'endpoint', holder, node }
}

describe('sharedAddresses', () => {
  it('finds none where every address has one holder, told however often', () => {
    const claims = [
      claim('10.0.1.2', 'web@a'),
      claim('10.0.1.2', 'web@a'),
      claim('10.0.1.3', 'web@b'),
      claim('10.0.1.2', 'rr@b', 'secret'),
    ]
    expect(sharedAddresses('engines', claims)).to.deep.equal([])
  })

  it('names the network, the address and everybody who has it', () => {
    const claims = [claim('10.0.1.2', 'web@a'), claim('10.0.1.3', 'web@b'), claim('10.0.1.2', 'rr@c')]
    const problems = sharedAddresses('the engines', claims)
    expect(problems.map(describeProblem)).to.deep.equal([
      'a → c, clear: 10.0.1.2 is held by endpoint web@a and by endpoint rr@c, as the engines tell',
    ])
    expect(problems[0]).to.deep.include({ kind: 'seen', path: { from: 'a', to: 'c' } })
  })

  it('is on one node where both holders are, and knows virtual IPs of no node', () => {
    const vip: Claim = { network: 'clear', address: '10.0.1.2', kind: 'virtual-ip', holder: 'web' }
    const [problem] = sharedAddresses('the kernels', [claim('10.0.1.2', 'abc@b'), vip])
    expect(problem).to.include({ node: 'b', subject: 'endpoint abc@b and by virtual-ip web' })
  })
})
