import { expect } from 'chai'
import { asked, task, threeNodes } from '../three-nodes.fake.ts'
import { parseNftables } from '../../lib/observe/nftables.ts'
import { recorded } from '../../lib/observe/recorded/recorded.fake.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { balancers } from './lb-02-balancers.ts'
import { scalingShows } from './lb-04-scaling-shows.ts'
import { idleConnection } from './lb-05-idle-connection.ts'

const facts = threeNodes()

describe('judging balancers', () => {
  const rule = (mark: number, address: string) => ({
    ...{ table: 'mangle', chain: 'OUTPUT', position: 1, packets: 0, bytes: 0 },
    rule: `-d ${address}/32 -j MARK --set-xmark 0x${mark.toString(16)}/0xffffffff`,
  })
  const service = (firewallMark: number, ...addresses: string[]) => ({
    ...{ firewallMark, scheduler: 'rr' },
    destinations: addresses.map((address) => ({ address, weight: 1, forwarding: 'Masq' })),
  })
  const sound = {
    firewall: [rule(256, '10.91.1.2'), rule(257, '10.91.1.8')],
    ipvs: [service(256, '10.91.1.3', '10.91.1.4'), service(257)],
  }
  const state = (changes: object = {}, unavailable: object[] = []) => ({
    ...{ unavailable, root: {}, namespaces: { lb_clearneti: { ...sound, ...changes } } },
  })
  const kernel = (changed: object = {}) => ({
    kernel: { manager: state(), worker1: state(), worker2: state(), ...changed },
  })

  it('passes where every node lists the running tasks', () => {
    expect(outcomeOf(judge(balancers, kernel()))).to.equal('pass')
  })

  it('blames the node whose IPVS lacks a task, not the node the task is on', () => {
    const lacking = state({ ipvs: [service(256, '10.91.1.3'), service(257)] })
    const { problems } = judge(balancers, kernel({ manager: lacking }))
    expect(problems.map(({ code, node, subject }) => [code, node, subject])).to.deep.equal([
      ['balancer-lacks-task', 'manager', 'swp-web@worker2'],
    ])
  })

  it('sees what is left of a service that is gone', () => {
    const more = state({ ipvs: [...sound.ipvs, service(300, '10.91.1.99')] })
    const judged = judge(balancers, kernel({ worker2: more }))
    expect(judged.problems).to.have.lengthOf(1)
    expect(judged.problems[0]).to.include({ code: 'balancer-left-over', node: 'worker2', kind: 'seen' })
  })

  it('judges the other nodes where one could not be read', () => {
    const unreadable = state({}, [
      { what: 'firewall /run/docker/netns/lb_clearneti', tool: 'sh', package: '' },
    ])
    expect(outcomeOf(judge(balancers, kernel({ worker1: unreadable })))).to.equal('inconclusive')
    const both = kernel({ worker1: unreadable, worker2: { ...state(), namespaces: {} } })
    expect(outcomeOf(judge(balancers, both))).to.equal('fail')
  })
})

describe('judging balancers that choose at random', () => {
  const nftables = parseNftables(recorded('nft-balancer', 'ruleset.json'))
  const state = (namespace: object) => ({
    unavailable: [],
    root: {},
    namespaces: { lb_clearneti: namespace },
  })
  const random = state({ firewall: [], ipvs: [], nftables })
  const all = { manager: random, worker1: random, worker2: random }

  it('passes where their maps hold the running tasks', () => {
    const judged = judge(balancers, { kernel: all })
    expect(judged.unseen).to.deep.equal([])
    expect(outcomeOf(judged)).to.equal('pass')
  })

  it('fails where a map lacks a task, or holds one that does not run, or a virtual IP that is gone', () => {
    const chains = nftables.map((chain) => ({
      ...chain,
      rules: chain.rules.map((one) =>
        one.leadsTo === '10.91.1.4'
          ? { ...one, leadsTo: '10.91.1.99', conditions: [...one.conditions] }
          : one,
      ),
    }))
    const gone = chains.flatMap((chain) =>
      chain.rules
        .filter(({ leadsTo }) => leadsTo === '10.91.1.3')
        .map((one) => ({
          ...chain,
          rules: [{ ...one, conditions: [{ left: 'ip daddr', values: ['10.91.1.77'] }] }],
        })),
    )
    const worker1 = state({ firewall: [], ipvs: [], nftables: [...chains, ...gone] })
    const { problems } = judge(balancers, { kernel: { ...all, worker1 } })
    expect(
      problems.map(({ code, node, address, observed }) => [code, node, address ?? observed]),
    ).to.deep.equal([
      ['balancer-lacks-task', 'worker1', '10.91.1.4'],
      ['balancer-lists-stranger', 'worker1', '10.91.1.99'],
      ['balancer-left-over', 'worker1', '10.91.1.77'],
    ])
  })

  it('does not conclude where rules do not say what they choose from', () => {
    const unsaid = nftables.map((chain) => ({
      ...chain,
      rules: chain.rules.map((one) => ({ ...one, leadsTo: '?', conditions: [] })),
    }))
    const worker2 = state({ firewall: [], ipvs: [], nftables: unsaid })
    const judged = judge(balancers, { kernel: { ...all, worker2 } })
    expect(judged.problems).to.deep.equal([])
    expect(outcomeOf(judged)).to.equal('inconclusive')
  })
})

describe('judging scaling', () => {
  const tasks = [task('it', 'worker1', 20), task('it', 'worker2', 21)]
  const names = (addresses?: readonly string[]) =>
    facts.nodes.map(({ name }) => ({ name: 'tasks.swp-it', probe: asked(`swp-rr@${name}`, addresses) }))
  const shown = (last: object, reached: boolean) => ({
    got: {
      ...{ runningSeconds: 4.2, tasks },
      shown: { ...{ reached, seconds: 31, withinSeconds: 30, failedLooks: 3 }, looks: [], last },
    },
  })
  const sound = {
    names: names(['10.91.1.20', '10.91.1.21']),
    balancers: Object.fromEntries(
      facts.nodes.map(({ name }) => {
        const destinations = tasks.map(({ endpoints }) => {
          return { address: endpoints['swp-clear']?.address, weight: 1, forwarding: 'Masq' }
        })
        return [name, { got: { mark: 300, ipvs: [{ firewallMark: 300, scheduler: 'rr', destinations }] } }]
      }),
    ),
  }
  const changing = (scaled: object) => ({
    changing: {
      ...{ service: 'swp-it', network: 'swp-clear', namespace: 'lb_clearneti', vip: '10.91.1.30' },
      ...{ clients: ['rr-manager', 'rr-worker1', 'rr-worker2'], scaled },
    },
  })

  it('passes where every node showed it', () => {
    const seen = changing({ up: shown(sound, true), down: shown(sound, true) })
    expect(outcomeOf(judge(scalingShows, seen))).to.equal('pass')
  })

  it('judges what balancers that choose at random choose from', () => {
    const vip = '10.91.1.30'
    const of = (random: readonly object[] | null) => ({
      ...sound,
      balancers: { ...sound.balancers, worker2: { got: { mark: null, ipvs: [], random } } },
    })
    const chosen = tasks.map(({ endpoints }) => ({ vip, address: endpoints['swp-clear']?.address }))
    const outcome = (random: readonly object[] | null) => {
      const judged = judge(scalingShows, changing({ up: shown(of(random), true), down: shown(sound, true) }))
      return [outcomeOf(judged), ...judged.problems.map(({ code, node }) => `${code} ${node ?? ''}`)]
    }
    expect(outcome(chosen)).to.deep.equal(['pass'])
    expect(outcome(chosen.slice(1))).to.deep.equal(['fail', 'balancer-lacks-task worker2'])
    expect(outcome(null)).to.deep.equal(['inconclusive'])
  })

  it('never passes for looks that all failed, and judges the stage that was seen', () => {
    const threw = { threw: '3 tasks show on every node: not one look within 30 s came to its end' }
    expect(outcomeOf(judge(scalingShows, changing({ up: threw, down: threw })))).to.equal('inconclusive')
    expect(outcomeOf(judge(scalingShows, changing({ up: shown(sound, true), down: threw })))).to.equal(
      'inconclusive',
    )
    const late = shown({ ...sound, names: names(['10.91.1.20']) }, false)
    expect(outcomeOf(judge(scalingShows, changing({ up: threw, down: late })))).to.equal('fail')
  })

  it('is not seen where IPVS of a node never was', () => {
    const blind = { ...sound, balancers: { ...sound.balancers, worker2: { threw: 'connection lost' } } }
    const seen = changing({ up: shown(sound, true), down: shown(blind, false) })
    expect(outcomeOf(judge(scalingShows, seen))).to.equal('inconclusive')
  })
})

describe('judging idle connections', () => {
  const connection = (node: string, changes: object = {}) => ({
    client: `rr-${node}`,
    probe: {
      ...{
        kind: 'tcp',
        from: `swp-rr@${node}`,
        fromNode: node,
        to: '10.91.1.2',
        port: 80,
        elapsedMs: 40_100,
      },
      ...{ outcome: 'answered', replies: ['web-worker1'], replyBytes: [200] },
      attempts: [
        {
          outcome: 'answered',
          startedMs: 0,
          elapsedMs: 40_100,
          source: { address: '10.91.1.5', port: 40_000 },
        },
      ],
      ...changes,
    },
  })
  const timer = {
    ...{ tcpSeconds: 900 },
    connections: [
      {
        protocol: 'TCP',
        from: { address: '10.91.1.5', port: 40_000 },
        state: 'ESTABLISHED',
        expiresSeconds: 870,
      },
    ],
  }
  const seen = (changed: object = {}, timers: object = { got: [timer, timer] }) => ({
    idleSeconds: 40,
    connections: [connection('manager'), connection('worker1', changed), connection('worker2')],
    timers: { manager: { got: [timer, timer] }, worker1: timers, worker2: { got: [timer, timer] } },
  })

  it('passes with what the balancer says of its time-outs', () => {
    const judged = judge(idleConnection, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.measures.map(({ value }) => value)).to.deep.equal([900, 900, 900])
    expect(judged.conclusion).to.match(/after 900 s, and these would have lasted another 870, 870, 870 s$/)
  })

  it('fails where a connection was lost, also where a tool is missing', () => {
    const missing = { missing: { what: 'ipvsadm', of: 'tool', nodes: ['worker1'] } }
    expect(outcomeOf(judge(idleConnection, seen({}, missing)))).to.equal('skip')
    const lost = judge(idleConnection, seen({ outcome: 'timeout', replies: [''] }, missing))
    expect(outcomeOf(lost)).to.equal('fail')
    expect(lost.problems[0]).to.include({ code: 'idle-connection-lost', node: 'worker1', expected: 40 })
  })
})
