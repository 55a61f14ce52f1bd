import { expect } from 'chai'
import type { Judgement } from '../../lib/observation/judgement.ts'
import { asked, threeNodes } from '../three-nodes.fake.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { oneVip } from './dsc-01-one-vip.ts'
import { tasksName } from './dsc-02-tasks-name.ts'
import { parseNftables } from '../../lib/observe/nftables.ts'
import { recorded } from '../../lib/observe/recorded/recorded.fake.ts'
import { dnsRoundRobin } from './dsc-03-dnsrr.ts'
import { vipAnswers } from './dsc-04-vip-answers.ts'
import { notElsewhere } from './dsc-05-not-elsewhere.ts'

const facts = threeNodes()
const codes = ({ problems }: Judgement): string[] => problems.map(({ code }) => code)

const web = ['10.91.1.3', '10.91.1.4']
const rr = ['10.91.1.5', '10.91.1.6', '10.91.1.7']
const names: Readonly<Record<string, readonly string[]>> = {
  'swp-web': ['10.91.1.2'],
  'swp-both': ['10.91.1.8'],
  'swp-rr': rr,
  'tasks.swp-web': web,
  'tasks.swp-rr': rr,
}
/** Every task asked for every name; `changed` answers otherwise. */
const lookups = (changed: (from: string, name: string) => readonly string[] | undefined = () => undefined) =>
  facts.tasks.flatMap((task) =>
    Object.entries(names).map(([name, addresses]) => {
      const from = `${task.service}@${task.node}`
      return { from: task.id, name, probe: asked(from, changed(from, name) ?? addresses) }
    }),
  )

describe('judging service discovery', () => {
  it('passes what a sound swarm answers', () => {
    const seen = { discovery: { lookups: lookups(), vip: [] } }
    expect(outcomeOf(judge(oneVip, seen))).to.equal('pass')
    expect(outcomeOf(judge(tasksName, seen))).to.equal('pass')
  })

  it('names the node whose resolver keeps a task that is gone', () => {
    const stale = lookups((from, name) =>
      from === 'swp-rr@worker2' && name === 'tasks.swp-web' ? ['10.91.1.3', '10.91.1.9'] : undefined,
    )
    const judged = judge(tasksName, { discovery: { lookups: stale, vip: [] } })
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems.map(({ code, node }) => `${code} ${node}`)).to.deep.equal([
      'name-lacks-task worker2',
      'name-lists-stranger worker2',
    ])
  })

  it('concludes nothing where nobody could ask, and names the node nobody asked from', () => {
    expect(outcomeOf(judge(oneVip, { discovery: { lookups: [], vip: [] } }))).to.equal('inconclusive')
    const without = threeNodes({ tasks: facts.tasks.filter(({ node }) => node !== 'manager') })
    const judged = judge(oneVip, { discovery: { lookups: lookups(), vip: [] } }, without)
    expect(judged.unseen).to.deep.equal([{ what: 'traffic from a task of swp-clear', nodes: ['manager'] }])
  })
})

describe('judging a service without a virtual IP', () => {
  const ipvs = (...addresses: string[]) => [
    {
      ...{ firewallMark: 261, scheduler: 'rr' },
      destinations: addresses.map((address) => ({ address, weight: 1, forwarding: 'Masq' })),
    },
  ]
  const kernel = (changed: Readonly<Record<string, readonly string[]>> = {}) =>
    Object.fromEntries(
      facts.nodes.map(({ name }) => [
        name,
        {
          ...{ host: name, unavailable: [] },
          namespaces: { lb_clearneti: { ipvs: ipvs(...(changed[name] ?? web)) } },
        },
      ]),
    )
  const seen = (changed?: Parameters<typeof kernel>[0], found = lookups()) => ({
    discovery: { lookups: found, vip: [] },
    kernel: kernel(changed),
  })

  it('passes where the tables list others alone', () => {
    expect(outcomeOf(judge(dnsRoundRobin, seen()))).to.equal('pass')
  })

  it('fails where a table lists one of its tasks, also when the control does not hold elsewhere', () => {
    const judged = judge(dnsRoundRobin, seen({ worker1: [...web, '10.91.1.6'], manager: [] }))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(judged.problems[0]).to.include({
      ...{ code: 'balanced-without-virtual-ip', node: 'worker1', subject: 'swp-rr@worker1' },
    })
  })

  it('is judged by what balancers that choose at random choose from, where IPVS is not used', () => {
    const text = recorded('nft-balancer', 'ruleset.json')
    const of = (listed: string) => {
      const states = kernel()
      const namespaces = { lb_clearneti: { ipvs: [], nftables: parseNftables(listed) } }
      return { ...seen(), kernel: { ...states, worker1: { ...states.worker1, namespaces } } }
    }
    expect(outcomeOf(judge(dnsRoundRobin, of(text)))).to.equal('pass')
    const listing = judge(dnsRoundRobin, of(text.replace('10.91.1.4', '10.91.1.6')))
    expect(listing.problems.map(({ code, node }) => `${code} ${node ?? ''}`)).to.deep.equal([
      'balanced-without-virtual-ip worker1',
    ])
    const unsaid = of(text.replaceAll('@nat-service-vip', '@another'))
    expect(outcomeOf(judge(dnsRoundRobin, unsaid))).to.equal('inconclusive')
  })

  it('is not concluded where a node lists no task at all, but what DNS lacks is a failure all the same', () => {
    expect(outcomeOf(judge(dnsRoundRobin, seen({ manager: [] })))).to.equal('inconclusive')
    const lacking = lookups((from, name) =>
      from === 'swp-web@worker1' && name === 'swp-rr' ? rr.slice(1) : undefined,
    )
    expect(outcomeOf(judge(dnsRoundRobin, seen({ manager: [] }, lacking)))).to.equal('fail')
  })
})

describe('judging the answers of a virtual IP', () => {
  const tried = (node: string, protocol: 'icmp' | 'tcp', changed: object = {}) => ({
    ...{ from: `rr-${node}`, protocol },
    probe: {
      ...{ kind: protocol, from: `swp-rr@${node}`, fromNode: node, to: '10.91.1.2', elapsedMs: 5 },
      ...{ ...(protocol === 'tcp' ? { port: 80 } : {}), outcome: 'answered', attempts: [], replyBytes: [] },
      ...{ replies: ['web-worker1'], ...changed },
    },
  })
  const all = (...changes: ReturnType<typeof tried>[]) => {
    const vip = facts.nodes.flatMap(({ name }) => [tried(name, 'icmp'), tried(name, 'tcp')])
    const key = (one: (typeof vip)[0]) => `${one.from} ${one.protocol}`
    return {
      discovery: {
        lookups: [],
        vip: vip.map((one) => changes.find((change) => key(change) === key(one)) ?? one),
      },
    }
  }

  it('passes when ping and a task answer every node', () => {
    expect(outcomeOf(judge(vipAnswers, all()))).to.equal('pass')
  })

  it('names the node that got no answer, or one of a stranger', () => {
    const silent = tried('worker2', 'tcp', { outcome: 'timeout', replies: [], elapsedMs: 5000 })
    const other = tried('manager', 'tcp', { replies: ['somebody'] })
    const judged = judge(vipAnswers, all(silent, other))
    expect(judged.problems.map(({ code, node, kind }) => `${code} ${node} ${kind}`)).to.deep.equal([
      'answered-by-another manager seen',
      'virtual-ip-silent worker2 missed',
    ])
  })
})

describe('judging names elsewhere', () => {
  const entry = (kind: string, from: string, name: string, addresses: readonly string[]) => ({
    ...{ kind, name, probe: asked(from, addresses, addresses.length > 0 ? 'NOERROR' : 'NXDOMAIN') },
  })
  const seen = (
    changes: {
      readonly stranger?: readonly string[]
      readonly member?: readonly string[]
      readonly host?: readonly string[]
    } = {},
  ) => ({
    names: ['swp-web'],
    asked: [
      entry('member', 'swp-web@worker1', 'swp-web', changes.member ?? ['10.91.1.2']),
      entry('own', 'swp-island@manager', 'swp-island', ['10.0.1.2']),
      entry('stranger', 'swp-island@manager', 'swp-web', changes.stranger ?? []),
    ],
    hosts: Object.fromEntries(
      facts.nodes.map(({ name }) => [
        name,
        {
          got: [
            { name: 'localhost', addresses: ['127.0.0.1'], exitCode: 0 },
            { name: 'swp-web', addresses: changes.host ?? [], exitCode: 2 },
          ],
        },
      ]),
    ),
  })

  it('passes where they are unknown, and addresses of other networks are none of its business', () => {
    expect(outcomeOf(judge(notElsewhere, seen()))).to.equal('pass')
    expect(
      outcomeOf(judge(notElsewhere, seen({ stranger: ['203.0.113.5'], host: ['203.0.113.5'] }))),
    ).to.equal('pass')
  })

  it('fails for what was seen, whatever the control says', () => {
    const judged = judge(notElsewhere, seen({ stranger: ['10.91.1.3'], member: [], host: ['10.91.1.4'] }))
    expect(outcomeOf(judged)).to.equal('fail')
    expect(new Set(codes(judged))).to.deep.equal(new Set(['name-known-elsewhere', 'name-known-on-host']))
  })

  it('proves nothing where the network itself does not know them', () => {
    expect(outcomeOf(judge(notElsewhere, seen({ member: [] })))).to.equal('inconclusive')
  })
})
