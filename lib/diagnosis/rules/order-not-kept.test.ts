import { expect } from 'chai'
import type { Problem } from '../../observation/problem.ts'
import { found, pairs } from './measures.fake.ts'
import { arrivingTwice, orderNotKept } from './order-not-kept.ts'
import { resetsByVip } from './resets-by-vip.ts'

const scenes = { bursts: { bursts: pairs.map((pair) => ({ way: 'clear', ...pair })) } }
const of = (code: Problem['code'], from: string): Problem[] =>
  pairs
    .filter((pair) => pair.from === from)
    .map((path) => ({
      ...{ code, kind: 'seen', path, network: 'swp-clear', protocol: 'UDP', expected: 200, observed: 9 },
    }))

describe('second copies and packets that overtake others', () => {
  it('are told of the node that sends them, each by itself', () => {
    const problems = {
      'OVL-20': [...of('datagrams-doubled', 'worker1'), ...of('datagrams-overtaken', 'worker2')],
    }
    const { findings, left } = found([arrivingTwice, orderNotKept], { problems, scenes })
    expect(findings.map(({ title, nodes }) => [title, nodes])).to.deep.equal([
      ['Packets that worker1 sends arrive more than once', ['worker1']],
      ['Packets that worker2 sends overtake each other', ['worker2']],
    ])
    expect(left).to.deep.equal([])
  })

  it('are nothing where none was reported', () => {
    const problems = { 'OVL-20': [] }
    expect(found([arrivingTwice, orderNotKept], { problems, scenes }).findings).to.deep.equal([])
  })
})

describe('resets by VIP', () => {
  const reset = (node: string, subject: string): Problem => ({
    ...{ code: 'connections-reset', kind: 'seen', node, subject, network: 'swp-clear', address: '10.91.1.2' },
    ...{ expected: 6, observed: 2 },
  })

  it('are of the balancer of the client’s node', () => {
    const { findings } = found([resetsByVip], { problems: { 'LB-06': [reset('worker1', 'by VIP')] } })
    expect(findings[0]?.title).to.equal(
      'Connections by VIP are reset on worker1, straight to a task they are not',
    )
    expect(findings[0]?.remedy[0]).to.contain('nsenter --net=/run/docker/netns/lb_abcdefghi iptables -nvL')
  })

  it('are not told where connections straight to a task were reset as well', () => {
    const problems = { 'LB-06': [reset('worker1', 'by VIP'), reset('worker2', 'straight to a task')] }
    expect(found([resetsByVip], { problems }).findings).to.deep.equal([])
  })
})
