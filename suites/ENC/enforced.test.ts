import { expect } from 'chai'
import type { Frame } from '../../lib/observation/frame.ts'
import type { Judgement } from '../../lib/observation/judgement.ts'
import type { FirewallRule } from '../../lib/observe/host-state.ts'
import { parseNftables } from '../../lib/observe/nftables.ts'
import { recorded } from '../../lib/observe/recorded/recorded.fake.ts'
import { judge, outcomeOf } from '../judged.fake.ts'
import { wireOf, withSecret } from '../wires.fake.ts'
import { injectionDropped } from './enc-05-injection-dropped.ts'
import { singleEndpoint } from './enc-06-single-endpoint.ts'
import { enforced } from './enc-07-enforcement.ts'

const facts = withSecret()
const bytecode = (vni: number): string =>
  `-m bpf --bytecode "7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 ${vni},6 0 0 0,6 0 0 4294967295"`
const rule = (table: string, chain: string, text: string, packets = 0): FirewallRule => ({
  ...{ table, chain, position: 1, rule: text, packets, bytes: 0 },
})
const marks = (packets = 0): FirewallRule =>
  rule(
    'mangle',
    'OUTPUT',
    `-p udp --dport 4789 ${bytecode(4098)} -j MARK --set-xmark 0xd0c4e3/0xffffffff`,
    packets,
  )
const drops = (packets = 0): FirewallRule =>
  rule(
    'filter',
    'INPUT',
    `-p udp -m policy --dir in --pol none --dport 4789 ${bytecode(4098)} -j DROP`,
    packets,
  )
const found = ({ problems }: Judgement): string[] => problems.map(({ code, node }) => `${code} ${node}`)

/** Frames with the words were injected; `reached` says how many of which came to the task's interface. */
const frames = (word: string, count: number): Frame[] =>
  Array.from({ length: count }, (_, index) => ({ ...plain, index: index + 1, matched: [word] }))
const plain: Frame = { index: 1, at: 0, egress: false, digest: '0', matched: [], wireBytes: 128 }
const injection = (network: string, word: string) => ({
  ...{ to: 'swp-vault@worker1', service: 'swp-vault', node: 'worker1', network, vni: 4098, sent: 5, word },
  ...{ underlay: 'worker1 eth1', inside: `worker1 eth0 in ${word}` },
})
/** Into a task of the encrypted network and one of its clear twin. */
const injected = (secret: number, clear: number, network = 'swp-secret') => ({
  injections: [injection(network, 'frame-0'), injection('swp-clear', 'frame-1')],
  withoutInterface: [] as string[],
  wires: {
    'worker1 eth0 in frame-0': { got: wireOf('worker1', 'eth0', frames('frame-0', secret)) },
    'worker1 eth0 in frame-1': { got: wireOf('worker1', 'eth0', frames('frame-1', clear)) },
    'worker1 eth1': {
      got: wireOf('worker1', 'eth1', [...frames('frame-0', 5), ...frames('frame-1', 5)]),
    },
  } as Record<string, object>,
})

describe('judging injected frames', () => {
  const seen = {
    ...{ first: injected(0, 5), counts: { worker1: { got: 5 } } },
    behind: {
      made: { got: { injected: injected(0, 5, 'swp-enc05-net'), network: 'swp-enc05-net' } },
      undone: {},
    },
  }

  it('passes where all were dropped and counted, and those of the twin arrived', () => {
    expect(outcomeOf(judge(injectionDropped, seen, facts))).to.equal('pass')
  })

  it('fails for one that reached a task, whatever the recording of the underlay is worth', () => {
    const first = injected(1, 5)
    expect(found(judge(injectionDropped, { ...seen, first }, facts))).to.deep.equal([
      'injected-frame-reached worker1',
    ])
    const wires = { ...first.wires, 'worker1 eth1': { blind: '3 packets dropped' } }
    const blind = judge(injectionDropped, { ...seen, first: { ...first, wires } }, facts)
    expect(outcomeOf(blind)).to.equal('fail')
  })

  it('fails for one behind an ACCEPT rule, and for a rule that does not count', () => {
    const made = { got: { injected: injected(2, 5, 'swp-enc05-net'), network: 'swp-enc05-net' } }
    expect(found(judge(injectionDropped, { ...seen, behind: { made, undone: {} } }, facts))).to.deep.equal([
      'injected-frame-reached-behind-accept worker1',
    ])
    const counts = { worker1: { got: 4 } }
    expect(found(judge(injectionDropped, { ...seen, counts }, facts))).to.deep.equal([
      'drop-rule-not-counting worker1',
    ])
  })

  it('judges the standing network where the second part could not be observed', () => {
    const behind = { made: { threw: 'no such host' }, undone: {} }
    expect(outcomeOf(judge(injectionDropped, { ...seen, behind }, facts))).to.equal('inconclusive')
    const reached = judge(injectionDropped, { ...seen, behind, first: injected(1, 5) }, facts)
    expect(outcomeOf(reached)).to.equal('fail')
  })

  it('proves nothing where the twin’s did not arrive, or the ACCEPT rule went too early', () => {
    expect(outcomeOf(judge(injectionDropped, { ...seen, first: injected(0, 0) }, facts))).to.equal(
      'inconclusive',
    )
    const threw = { name: 'SwarmproofError', code: 'CHANGE_UNDONE', message: 'too early' }
    const early = { ...seen.behind, undone: { worker1: threw, worker2: null } }
    expect(outcomeOf(judge(injectionDropped, { ...seen, behind: early }, facts))).to.equal('inconclusive')
    const failed = { ...seen.behind, undone: { worker1: { ...threw, code: 'CHANGE_FAILED' } } }
    expect(outcomeOf(judge(injectionDropped, { ...seen, behind: failed }, facts))).to.equal('pass')
  })
})

describe('judging a network with one endpoint', () => {
  const seen = {
    ...{ node: 'worker1', network: 'swp-enc06-net', vni: 4098, rules: { got: [marks(), drops()] } },
    injected: { got: injected(0, 5, 'swp-enc06-net') },
  }

  it('passes with both rules and no frame at the task', () => {
    expect(outcomeOf(judge(singleEndpoint, seen, facts))).to.equal('pass')
  })

  it('fails for a missing rule, also where injecting proved nothing or was not possible', () => {
    const rules = { got: [marks()] }
    for (const given of [{ got: injected(0, 0, 'swp-enc06-net') }, { threw: 'no such host' }]) {
      const judged = judge(singleEndpoint, { ...seen, rules, injected: given }, facts)
      expect([outcomeOf(judged), found(judged)]).to.deep.equal(['fail', ['drop-rule-missing worker1']])
    }
    expect(
      outcomeOf(judge(singleEndpoint, { ...seen, injected: { threw: 'no such host' } }, facts)),
    ).to.equal('inconclusive')
  })

  it('fails for a frame that reached the task', () => {
    const judged = judge(
      singleEndpoint,
      { ...seen, injected: { got: injected(5, 5, 'swp-enc06-net') } },
      facts,
    )
    expect(found(judged)).to.deep.equal(['injected-frame-reached worker1'])
  })
})

describe('judging rules that enforce encryption', () => {
  const seen = (before: FirewallRule[], after: FirewallRule[]) => ({
    ...{ sent: { worker1: 6 }, rules: { worker1: { got: before } }, rulesAfter: { worker1: { got: after } } },
    backends: { worker1: 'nft' },
  })

  it('passes where the mark rule counts what was sent', () => {
    expect(outcomeOf(judge(enforced, seen([marks(3), drops()], [marks(9), drops()]), facts))).to.equal('pass')
  })

  it('fails where it counts less, and says of a missing rule only that it is missing', () => {
    expect(found(judge(enforced, seen([marks(3), drops()], [marks(3), drops()]), facts))).to.deep.equal([
      'mark-rule-not-counting worker1',
    ])
    expect(found(judge(enforced, seen([drops()], [drops()]), facts))).to.deep.equal([
      'mark-rule-missing worker1',
    ])
  })

  it('is inconclusive where the firewall of a node could not be read', () => {
    const sound = seen([marks(3), drops()], [marks(9), drops()])
    const rules = { ...sound.rules, worker2: { threw: 'no answer' } }
    expect(outcomeOf(judge(enforced, { ...sound, rules }, facts))).to.equal('inconclusive')
  })

  it('judges engine 29.7 with nftables by its rules there', () => {
    const chains = parseNftables(recorded('engine-29.7-nftables', 'nft.json').replaceAll('4102', '4098'))
    const counted = (packets: number) => ({
      worker1: chains.map((chain) => ({
        ...chain,
        rules: chain.rules.map((one) => (one.packets === 418 ? { ...one, packets } : one)),
      })),
    })
    const judged = (after: number) =>
      judge(enforced, { ...seen([], []), nftables: counted(418), nftablesAfter: counted(after) }, facts)
    expect(outcomeOf(judged(424))).to.equal('pass')
    expect(found(judged(420))).to.deep.equal(['mark-rule-not-counting worker1'])
    expect(outcomeOf(judge(enforced, seen([], []), facts))).to.equal('fail')
  })
})
