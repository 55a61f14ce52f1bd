import { expect } from 'chai'
import { verdictOf } from '../verdict-of.fake.ts'
import { changedOutside } from './gwb-05-changed-outside.ts'

describe('GWB-05', () => {
  const wanted = { subnet: '198.19.0.0/24', mtuBytes: 1380 }
  const polled = (accepted: boolean, words = ''): unknown => ({
    got: {
      ...{ reached: accepted, seconds: 1, withinSeconds: 60, looks: [], failedLooks: 0 },
      last: { accepted, words },
    },
  })
  const task = { task: 'swp-rr@worker2', interface: 'eth1', address: '198.19.0.3', mtuBytes: 1380 }
  const after = {
    stated: { subnet: wanted.subnet, mtu: '1380' },
    bridge: { address: '198.19.0.1', mtuBytes: 1500 },
    tasks: [task],
  }
  const good = {
    ...{ node: 'worker2', wanted, removed: polled(true), made: { got: { accepted: true, words: 'id' } } },
    member: {
      accepted: false,
      words: 'Error response from daemon: network docker_gwbridge has active endpoints',
    },
    ...{ joined: { got: true }, after: { got: after } },
  }
  const codesOf = (seen: object): string[] =>
    verdictOf(changedOutside, { ...good, ...seen }).problems.map(({ code }) => code)

  it('passes where a member refuses and the bridge made outside has its settings', () => {
    expect(verdictOf(changedOutside, good).outcome).to.equal('pass')
  })

  it('fails where a member agrees, or refuses without a reason', () => {
    expect(codesOf({ member: { accepted: true, words: '' } })).to.deep.equal(['change-accepted'])
    expect(codesOf({ member: { accepted: false, words: 'no' } })).to.deep.equal(['refused-without-reason'])
  })

  it('fails where it was refused outside, with the engine’s words', () => {
    const refused = { ...good, made: undefined, removed: polled(false, 'still in use') }
    const { problems } = verdictOf(changedOutside, refused)
    expect(problems[0]).to.include({ code: 'change-refused', node: 'worker2', observed: 'still in use' })
  })

  it('fails where the settings are lost', () => {
    const lost = {
      ...after,
      stated: { subnet: wanted.subnet, mtu: '1500' },
      tasks: [{ ...task, mtuBytes: 1500 }],
    }
    expect(codesOf({ after: { got: lost } })).to.deep.equal([
      'engine-states-otherwise',
      'interface-mtu-wrong',
    ])
  })

  it('says nothing of the network where nothing could be looked at', () => {
    const threw = { threw: 'the engine removes it: not one look within 60 s came to its end' }
    const { outcome, reason } = verdictOf(changedOutside, {
      ...good,
      made: undefined,
      removed: threw,
      after: threw,
    })
    expect(outcome).to.equal('inconclusive')
    expect(reason).to.include('not one look within 60 s')
  })

  it('says nothing where no task came back, though what was seen still counts', () => {
    expect(verdictOf(changedOutside, { ...good, after: { got: { ...after, tasks: [] } } }).outcome).to.equal(
      'inconclusive',
    )
    const unstated = { ...after, stated: undefined, tasks: [] }
    expect(codesOf({ after: { got: unstated } })).to.deep.equal(['engine-states-otherwise'])
  })
})
