import { expect } from 'chai'
import { describeProblem } from '../../lib/observation/describe-problem.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { exactSize } from './mtu-02-exact-size.ts'
import { sizedDatagrams, sizesSeen } from './sized-nodes.fake.ts'

describe('MTU-02', () => {
  it('passes where the exact size is answered and a byte more is refused', () => {
    expect(verdictOf(exactSize, { sizes: sizesSeen(1450) })).to.include({ outcome: 'pass' })
  })

  it('fails in the direction that loses the exact size, and says what was refused by its own host', () => {
    const datagrams = sizedDatagrams(1450, (from, to, fits) => {
      if (!fits || to.id !== 'web-worker2') return undefined
      return from.id === 'rr-worker1' ? 'timeout' : from.id === 'rr-manager' ? 'too-big' : undefined
    })
    const { outcome, problems } = verdictOf(exactSize, { sizes: sizesSeen(1450, { datagrams }) })
    expect(outcome).to.equal('fail')
    expect(problems.map(describeProblem)).to.deep.equal([
      'swp-rr@manager → swp-web@worker2, swp-clear: ICMP of 1450 bytes, exactly the MTU of the overlay, was refused by its own host (observed too-big (EMSGSIZE))',
      'swp-rr@worker1 → swp-web@worker2, swp-clear: ICMP of 1450 bytes, exactly the MTU of the overlay, was not answered: no answer within 5.0 s',
    ])
    expect(problems[1]).to.deep.include({ path: { from: 'worker1', to: 'worker2' } })
  })

  it('fails where a byte more passes or is lost silently', () => {
    const datagrams = sizedDatagrams(1450, (from, to, fits) => {
      if (fits || from.id !== 'rr-manager') return undefined
      return to.id === 'rr-worker1' ? 'answered' : to.id === 'rr-worker2' ? 'timeout' : undefined
    })
    const { problems } = verdictOf(exactSize, { sizes: sizesSeen(1450, { datagrams }) })
    expect(problems.map(({ code }) => code)).to.deep.equal(['oversize-passed', 'oversize-not-refused'])
  })

  it('concludes nothing where no two nodes have tasks', () => {
    expect(verdictOf(exactSize, { sizes: sizesSeen(1450, { datagrams: [] }) }).outcome).to.equal(
      'inconclusive',
    )
  })
})
