import { expect } from 'chai'
import { ingressRemoved } from './ing-11-without-ingress.ts'
import { codes, facts, judge, outcomeOf } from './ing.fake.ts'

describe('judging what goes on without ingress', () => {
  const front = facts.tasks.filter(({ service: name }) => name === 'swp-front')
  const [one, two] = front.map(({ id }) => id)
  const answered = (body: string, outcome = 'answered') => ({
    ...{ kind: 'tcp', from: 'swp-front@worker1', fromNode: 'worker1', to: '10.91.1.12', port: 80 },
    ...{ outcome, elapsedMs: 15_000, attempts: [], replies: [body], replyBytes: [1] },
  })
  const named = (listed: readonly string[]) => ({
    ...{ kind: 'udp', from: 'swp-front@worker1', fromNode: 'worker1', to: '127.0.0.11', port: 53 },
    ...{ outcome: 'answered', elapsedMs: 3, attempts: [], replies: [''], replyBytes: [60] },
    dns: { rcode: 'NOERROR', addresses: listed },
  })
  const network = 'swp-clear'
  const gap = (meanwhile = {}, more = {}) => ({
    ...{ services: ['swp-front'], before: front, restored: ['ingress (ab12)'], undone: null },
    meanwhile: {
      ...{ found: [], tasks: front },
      probed: [
        { from: one, to: { task: two }, network, probe: answered('front-worker2') },
        { from: one, to: { service: 'swp-front' }, network, probe: named(['10.91.1.11', '10.91.1.12']) },
      ],
      byVirtualIp: [
        { client: one, network: 'swp-shop', probe: answered('front-worker1') },
        { client: one, network: 'swp-shop', probe: answered('front-worker2') },
      ],
      refusal: {
        ...{ command: 'service create --replicas=1 --publish target=80', accepted: false },
        words:
          'Error response from daemon: rpc error: code = FailedPrecondition desc = service needs ingress network, but no ingress network is present',
      },
      ...meanwhile,
    },
    ...more,
  })

  it('passes when all goes on and publishing is refused', () => {
    const judged = judge(ingressRemoved, gap())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.include('shared 1:1; a service that publishes was refused; ingress (ab12)')
  })

  it('fails for a lost task, a silent one, a name and a virtual IP that lead elsewhere', () => {
    const judged = judge(
      ingressRemoved,
      gap({
        probed: [
          { from: one, to: { task: two }, network, probe: answered('', 'timeout') },
          { from: one, to: { service: 'swp-front' }, network, probe: named(['10.91.1.11']) },
        ],
        byVirtualIp: [
          { client: one, network: 'swp-shop', probe: answered('', 'timeout') },
          { client: one, network: 'swp-shop', probe: answered('nginx') },
        ],
      }),
    )
    expect(codes(judged)).to.deep.equal([
      ...['not-delivered', 'name-lacks-task', 'connections-unanswered', 'answered-by-another'],
    ])
    expect(judged.problems[0]).to.deep.include({
      ...{ path: { from: 'worker1', to: 'worker2' }, network, observed: 'no answer within 15.0 s' },
    })
    const ended = judge(ingressRemoved, gap({ tasks: front.slice(0, 1), probed: [] }))
    expect(ended.problems[0]).to.deep.include({ code: 'task-ended-without-ingress', node: 'worker2' })
  })

  it('fails when a service that publishes is accepted, unless ingress still was there', () => {
    const refusal = { command: 'service create', accepted: true, words: '' }
    expect(outcomeOf(judge(ingressRemoved, gap({ refusal })))).to.equal('fail')
    expect(outcomeOf(judge(ingressRemoved, gap({ refusal, found: ['ingress (ab12)'] })))).to.equal(
      'inconclusive',
    )
  })

  it('keeps what was seen though ingress could not be put back', () => {
    const undone = { name: 'SwarmproofError', message: 'a command failed' }
    const threw = { undone, restored: null }
    expect(outcomeOf(judge(ingressRemoved, gap({}, threw)))).to.equal('inconclusive')
    expect(outcomeOf(judge(ingressRemoved, gap({ tasks: [] }, threw)))).to.equal('fail')
  })
})
