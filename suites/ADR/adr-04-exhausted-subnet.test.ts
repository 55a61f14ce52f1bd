import { expect } from 'chai'
import type { TaskState } from '../../lib/swarm/task-states.ts'
import { task as taskOf } from '../three-nodes.fake.ts'
import { verdictOf } from '../verdict-of.fake.ts'
import { exhaustedSubnet } from './adr-04-exhausted-subnet.ts'

const state = (id: string, more: Partial<TaskState> = {}): TaskState => ({
  ...{
    id,
    slot: 1,
    state: 'running',
    desired: 'running',
    message: '',
    error: '',
    addresses: [`10.99.0.${id}`],
  },
  ...more,
})
const waits = (id: string, error = ''): TaskState => state(id, { state: 'pending', error, addresses: [] })

const running = [11, 12].map((last) => ({
  task: { ...taskOf('many', 'worker2', 5), id: String(last), hostname: `host-${last}` },
  pid: last,
}))
const asked = running.map(({ task: { id, hostname } }) => ({
  to: id,
  probe: {
    ...{ kind: 'tcp', from: 'swp-many@worker2', fromNode: 'worker2', to: `10.99.0.${id}`, port: 80 },
    ...{ outcome: 'answered', elapsedMs: 5, attempts: [], replies: [hostname], replyBytes: [60] },
  },
}))
const log = { manager: { got: ['msg="task allocation failure" error="no available IPv4 addresses"'] } }

function seen(states: readonly TaskState[], more: object = {}): unknown {
  const last = { states, unchanged: true }
  return {
    ...{ network: 'swp-tiny', subnet: '10.99.0.8/29', wanted: 3, capacity: 2, first: running[0] },
    settled: { reached: true, seconds: 9, withinSeconds: 60, looks: [], failedLooks: 0, last },
    ...{ running, asked, log, ...more },
  }
}
const good = [state('11'), state('12'), waits('13')]
const codesOf = (observed: unknown): string[] =>
  verdictOf(exhaustedSubnet, observed).problems.map(({ code }) => code)

describe('ADR-04', () => {
  it('passes where the surplus waits, a log says why, and the first task is the same', () => {
    expect(verdictOf(exhaustedSubnet, seen(good)).outcome).to.equal('pass')
  })

  it('fails where the first task was replaced or one does not answer', () => {
    const [one, other] = running
    expect(codesOf(seen(good, { running: [{ ...one, pid: 99 }, other] }))).to.deep.equal([
      'running-task-lost',
    ])
    const [first, second] = asked
    const silent = { ...first, probe: { ...first?.probe, outcome: 'timeout', replies: [] } }
    expect(codesOf(seen(good, { asked: [silent, second] }))).to.deep.equal(['not-delivered'])
  })

  it('fails where nothing says why, is skipped where the log was not to be found, and asks for none it needs not', () => {
    expect(codesOf(seen(good, { log: { manager: { got: [] } } }))).to.deep.equal(['shortage-unexplained'])
    const missing = { missing: { what: "the engine's log", of: 'topology', nodes: [] } }
    expect(verdictOf(exhaustedSubnet, seen(good, { log: { manager: missing } })).outcome).to.equal('skip')
    const told = [state('11'), state('12'), waits('13', 'no available IPv4 addresses')]
    expect(verdictOf(exhaustedSubnet, seen(told, { log: { manager: missing } })).outcome).to.equal('pass')
  })

  it('concludes nothing where nothing was exhausted, unless more run than there are addresses', () => {
    expect(verdictOf(exhaustedSubnet, seen(good.slice(0, 2))).outcome).to.equal('inconclusive')
    expect(codesOf(seen([...good.slice(0, 2), state('13')]))).to.deep.equal(['more-tasks-than-addresses'])
  })
})
